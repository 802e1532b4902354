// What is part of a step's key and what is not. Every line was measured: built, edited and built again with
// BuildKit of Docker 28.5, and checked against the newest BuildKit's own sources.
#include "dcache/cache/keys.h"

#include <gtest/gtest.h>

#include "tests/cache/small_builds.h"

namespace dcache::cache {
namespace {

using test::build_of;
using test::compare_texts;
using test::file;
using test::verdicts;

struct Spelling {
  const char* before;
  const char* after;
};

std::string last_verdict(const Spelling& spelling) {
  const std::string head = "FROM x\nWORKDIR /w\n";
  const std::string all = compare_texts(head + spelling.before + "\n", head + spelling.after + "\n");
  return all.substr(all.rfind(':') + 1);
}

TEST(Keys, AreTheSameForAnotherSpelling) {
  for (const Spelling& spelling : std::vector<Spelling>{
           {"RUN true", "RUN [\"/bin/sh\",\"-c\",\"true\"]"},
           {"RUN true", "SHELL [\"/bin/sh\",\"-c\"]\nRUN true"},
           {"RUN <<E\ntrue\nE", "RUN [\"/bin/sh\",\"-c\",\"true\\n\"]"},
           {"RUN <<E\ntrue\nE", "RUN <<'F'\ntrue\nF"},
           {"RUN --network=default true", "RUN true"},
           {"ARG A=1\nRUN true", "ENV A 1\nRUN true"},
           {"ENV A=1 B=2\nRUN true", "ENV A=1\nENV B=2\nRUN true"},
           {"COPY --chmod=755 a /x", "COPY --chmod=0755 a /x"},
           {"COPY --chmod=755 --link a /x", "COPY --chmod=755 a /x"},
           {"COPY --chown=0:0 a /x", "COPY --chown=root:root a /x"},
           {"COPY --chown=1 a /x", "COPY --chown=01 a /x"},
           {"COPY a /x/", "COPY a /x/./"},
           {"COPY a /x/", "ADD --unpack=false a /x/"},
           {"ADD a /x/", "ADD --unpack=true a /x/"},
           {"ADD a /x/", "ADD --unpack a /x/"},
           {"COPY a .", "COPY a ./"},
           {"COPY a x/", "COPY ./a /w/x/"},
           {"COPY --link=false a x/", "COPY a x/"},
           {"COPY <<A /x\nt\nA", "ADD <<A /x\nt\nA"},
           {"COPY <<A /x\nt\nA", "COPY <<-'A' /x\n\tt\nA"},
           {"WORKDIR d", "WORKDIR /w/./d/"},
           {"USER 0\nWORKDIR d", "USER root\nWORKDIR d"},
       }) {
    EXPECT_EQ(last_verdict(spelling), "hit") << spelling.before << " -> " << spelling.after;
  }
}

TEST(Keys, DifferForWhatOnlyLooksTheSame) {
  for (const Spelling& spelling : std::vector<Spelling>{
           {"ENV A=1 B=2\nRUN true", "ENV B=2 A=1\nRUN true"},
           {"RUN cat <<E\ntrue\nE", "RUN cat <<F\ntrue\nF"},
           {"RUN <<E\n#!/bin/sh\nE", "RUN <<F\n#!/bin/sh\nF"},
           {"COPY --chmod=755 a /x", "COPY --chmod=u=rwx,go=rx a /x"},
           {"COPY --chown=0 a /x", "COPY --chown=0:0 a /x"},
           {"COPY a /x/", "COPY a /x/."},
           {"COPY a /x/", "COPY a /x"},
           {"ADD a /x/", "COPY a /x/"},
           {"COPY a b /x/", "COPY b a /x/"},
           {"COPY <<A /x\nt\nA", "COPY <<B /x\nt\nB"},
           {"COPY --exclude=x --exclude=y . /x/", "COPY --exclude=y --exclude=x . /x/"},
       }) {
    EXPECT_EQ(last_verdict(spelling), "miss") << spelling.before << " -> " << spelling.after;
  }
}

std::string change_mount(const char* before, const char* after) {
  return last_verdict({("RUN --mount=" + std::string(before) + " true").c_str(),
                       ("RUN --mount=" + std::string(after) + " true").c_str()});
}

TEST(Keys, HoldOfAMountWhatCannotChangeUnseen) {
  const std::string cache = "type=cache,target=/c";
  for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{
           {cache + ",id=x", cache + ",id=y"},
           {cache + ",id=x", cache + ",id=x,sharing=locked"},
           {cache + ",id=x", cache + ",sharing=locked"},
           {cache + ",sharing=locked", cache + ",sharing=private"},
           {cache, cache + ",id=/c"},
           {cache, cache + ",sharing=shared"},
           {cache + ",mode=0755", cache + ",uid=0"},
           {cache + ",mode=755", cache + ",mode=0755"},
           {cache + ",ro", cache + ",readonly=true"},
           {cache + "/", cache + "/,id=x"},
           {"type=cache,target=rel", "type=cache,target=rel,id=x"},
           {"type=secret,id=t", "type=secret,source=t,target=/run/secrets/t,mode=0400,required=false"},
           {"type=secret,target=/x/t", "type=secret,target=/x/t,id=t"},
           {"type=ssh", "type=ssh,mode=0600,target=/run/buildkit/ssh_agent.0"},
           {"type=tmpfs,target=/t", "type=tmpfs,target=/t,size=0"},
           {"type=tmpfs,target=/t,size=1m", "type=tmpfs,target=/t,size=1048576"},
           {"type=bind,target=/t", "target=/t,source=/,ro"},
           {"type=bind,target=t", "type=bind,dst=./t"},
           {"type=secret,id=a --mount=type=cache,target=/b", "type=cache,target=/b --mount=type=secret,id=a"},
           {"type=cache,target=/c --mount=target=/b", "target=/b --mount=type=cache,target=/c"},
       }) {
    EXPECT_EQ(change_mount(before.c_str(), after.c_str()), "hit") << before << " -> " << after;
  }
  for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{
           {cache, cache + ",id=x"},
           {cache, cache + ",sharing=locked"},
           {cache, cache + ",mode=0755"},
           {cache, cache + ",ro"},
           {cache, cache + "/"},
           {cache + ",uid=5", cache + ",uid=6"},
           {"type=secret,id=t", "type=secret,id=u"},
           {"type=secret,id=t", "type=secret,id=t,env=A"},
           {"type=secret,id=a --mount=type=secret,id=b", "type=secret,id=b --mount=type=secret,id=a"},
           {"type=ssh", "type=ssh,id=default"},
           {"type=bind,target=/t", "type=bind,target=/t,rw"},
       }) {
    EXPECT_EQ(change_mount(before.c_str(), after.c_str()), "miss") << before << " -> " << after;
  }
}

std::string change_argument(const std::string& dockerfile, const std::string& name,
                            const std::string& value) {
  const Build old = build_of(dockerfile, {file("a", "1")});
  const Build now = build_of(dockerfile, {file("a", "1")}, {.build_args = {{name, value}}});
  return verdicts(now, compare(old.state(), now.state()));
}

TEST(Keys, HoldTheTimeThatWorkdirIsGiven) {
  const std::string text = "FROM x\nCOPY a /\nWORKDIR /w\nRUN 1\n";
  EXPECT_EQ(change_argument(text, "SOURCE_DATE_EPOCH", "1"), "2:hit 3:miss 4:miss");
  EXPECT_EQ(change_argument(text, "SOURCE_DATE_EPOCH", ""), "2:hit 3:hit 4:hit");
  EXPECT_EQ(change_argument(text, "SOURCE_DATE_EPOCH", "context"), "2:hit 3:hit 4:hit");
  EXPECT_EQ(change_argument("ARG SOURCE_DATE_EPOCH=1\n" + text, "SOURCE_DATE_EPOCH", "01"),
            "3:hit 4:hit 5:hit");
  EXPECT_EQ(compare_texts("ARG SOURCE_DATE_EPOCH=1\n" + text, "ARG SOURCE_DATE_EPOCH=2\n" + text),
            "3:hit 4:miss 5:miss");
  EXPECT_EQ(compare_texts("FROM x\nARG SOURCE_DATE_EPOCH=1\nWORKDIR /w\n",
                          "FROM x\nARG SOURCE_DATE_EPOCH=2\nWORKDIR /w\n"),
            "3:hit");
  EXPECT_EQ(change_argument("FROM x AS made\nFROM x\nWORKDIR /w\n", "SOURCE_DATE_EPOCH", "MADE"), "3:miss");
  EXPECT_THROW(change_argument(text, "SOURCE_DATE_EPOCH", "yesterday"), std::runtime_error);
}

TEST(Keys, HoldThePlatformInItsUsualSpelling) {
  const std::string text = "FROM x\nRUN 1\n";
  const auto change = [&](const std::string& platform, const std::string& before = "linux/amd64") {
    const Build old = build_of(text, {}, {.platform = before});
    const Build now = build_of(text, {}, {.platform = platform});
    return verdicts(now, compare(old.state(), now.state()));
  };
  for (const char* platform : {"linux/amd64/v1", "linux/x86_64", "amd64", "LINUX/AMD64", "linux"})
    EXPECT_EQ(change(platform), "2:hit") << platform;
  EXPECT_EQ(change("linux/amd64/v2"), "2:miss");
  EXPECT_EQ(change("linux/arm64/v8", "linux/aarch64"), "2:hit");
  EXPECT_EQ(change("linux/arm", "linux/arm/v7"), "2:hit");
  EXPECT_EQ(compare_texts("FROM --platform=linux/x86_64 x\nRUN 1\n", "FROM x\nRUN 1\n"), "2:hit");
}

TEST(Keys, HoldTheNameOfTheLastStageWithoutATarget) {
  EXPECT_EQ(compare_texts("FROM x AS a\nARG TARGETSTAGE\nRUN 1\n", "FROM x AS b\nARG TARGETSTAGE\nRUN 1\n"),
            "3:miss");
  EXPECT_EQ(compare_texts("FROM x AS a\nRUN 1\n", "FROM x AS b\nRUN 1\n"), "2:hit");
}

TEST(Keys, HoldTheArgumentsThatBuildkitTakesForItself) {
  const std::string text = "FROM x\nCOPY a /\nRUN 1\nRUN --mount=type=cache,target=/c 2\n";
  EXPECT_EQ(change_argument(text, "BUILDKIT_SANDBOX_HOSTNAME", "h"), "2:hit 3:miss 4:miss");
  EXPECT_EQ(change_argument(text, "BUILDKIT_CACHE_MOUNT_NS", "n"), "2:hit 3:hit 4:miss");
  for (const char* name :
       {"BUILDKIT_INLINE_CACHE", "BUILDKIT_MULTI_PLATFORM", "BUILDKIT_CONTEXT_KEEP_GIT_DIR",
        "BUILDKIT_SBOM_SCAN_STAGE", "BUILDKIT_DOCKERFILE_CHECK", "BUILDKIT_SYNTAX"}) {
    EXPECT_EQ(change_argument(text, name, "1"), "2:hit 3:hit 4:hit") << name;
  }
}

TEST(Keys, HoldWhatTheBuildTellsEveryRun) {
  const std::string text = "FROM x\nCOPY a /\nRUN --network=none 1\nRUN 2\n";
  const auto with = [&](const plan::RunOptions& before, const plan::RunOptions& after) {
    const Build old = build_of(text, {file("a", "1")}, {.run = before});
    const Build now = build_of(text, {file("a", "1")}, {.run = after});
    return verdicts(now, compare(old.state(), now.state()));
  };
  EXPECT_EQ(with({}, {.network = "host"}), "2:hit 3:hit 4:miss");
  EXPECT_EQ(with({}, {.network = "default"}), "2:hit 3:hit 4:hit");
  EXPECT_EQ(with({}, {.hostname = "h"}), "2:hit 3:miss 4:miss");
  EXPECT_EQ(with({}, {.add_hosts = {"h=1.2.3.4"}}), "2:hit 3:miss 4:miss");
  EXPECT_EQ(with({.add_hosts = {"H:1.2.3.4"}}, {.add_hosts = {"h=5.6.7.8"}}), "2:hit 3:hit 4:hit");
  EXPECT_EQ(with({}, {.ulimits = {"nofile=5"}}), "2:hit 3:miss 4:miss");
  EXPECT_EQ(with({.ulimits = {"nofile=5"}}, {.ulimits = {"nofile=5:5"}}), "2:hit 3:hit 4:hit");
  EXPECT_EQ(with({.shm_size = "1m"}, {.shm_size = "1048576"}), "2:hit 3:hit 4:hit");
  EXPECT_EQ(with({}, {.shm_size = "1m"}), "2:hit 3:miss 4:miss");
  EXPECT_EQ(with({}, {.cgroup_parent = "c"}), "2:hit 3:miss 4:miss");
}

TEST(Keys, HoldTheStepBelowALinkedCopyWhereLayersCannotBeMerged) {
  const auto edit = [](plan::Store store) {
    return compare_texts("FROM x\nRUN 1\nCOPY --link a b\n", "FROM x\nRUN 2\nCOPY --link a b\n",
                         {.store = store});
  };
  EXPECT_EQ(edit(plan::Store::kContainerd), "2:miss 3:hit");
  EXPECT_EQ(edit(plan::Store::kOverlay2), "2:miss 3:miss");
}

TEST(Keys, KnowARemoteFileByItsNameAndChecksum) {
  const std::string sum = "ADD --checksum=sha256:" + std::string(64, 'a');
  const std::string commit(40, 'c');
  const auto change = [](const std::string& before, const std::string& after) {
    return compare_texts("FROM x\n" + before + "\nRUN 1\n", "FROM x\n" + after + "\nRUN 1\n");
  };
  EXPECT_EQ(change(sum + " http://h/f /", sum + " http://h/f /"), "2:hit 3:hit");
  EXPECT_EQ(change(sum + " http://h/one/f /", sum + " https://i/two/f?x=1 /"), "2:hit 3:hit");
  EXPECT_EQ(change(sum + " http://h/f /", sum + " http://h/g /"), "2:miss 3:miss");
  EXPECT_EQ(change("ADD http://h/f /", "ADD http://h/f /"), "2:unknown 3:hit");
  EXPECT_EQ(change("ADD http://h/one/f /", "ADD http://h/two/f /"), "2:depends 3:depends");
  EXPECT_EQ(change("ADD http://h/f /", "ADD http://h/g /"), "2:miss 3:miss");
  EXPECT_EQ(change("ADD https://h/r.git#" + commit + " /s", "ADD git@i:r.git#" + commit + " /s"),
            "2:hit 3:hit");
  EXPECT_EQ(change("ADD https://h/r.git#v1 /s", "ADD https://h/r.git#v1 /s"), "2:unknown 3:hit");
  EXPECT_EQ(change("ADD https://h/r.git#v1 /s", "ADD https://h/r.git#v2 /s"), "2:miss 3:miss");
  EXPECT_EQ(change("ADD https://h/r.git#v1:a /s", "ADD https://h/r.git#v1:b /s"), "2:miss 3:miss");
}

}  // namespace
}  // namespace dcache::cache
