// Verdicts against one or several earlier states, and their causes.
#include "dcache/cache/report.h"

#include <gtest/gtest.h>

#include "dcache/cache/state_file.h"
#include "tests/cache/small_builds.h"

namespace dcache::cache {
namespace {

using context::Record;
using test::build_of;
using test::file;
using test::verdicts;

Report compare_with(const Build& now, const std::vector<const Build*>& earlier) {
  return now.compare_with(earlier);
}

TEST(Compare, ReusesWhatAnyEarlierBuildLeft) {
  const std::string text = "FROM x\nCOPY a /\nRUN 1\n";
  const Build main_then = build_of(text, {file("a", "main")});
  const Build feature = build_of(text, {file("a", "feature")});
  const Build main_now = build_of(text, {file("a", "main")});
  EXPECT_EQ(verdicts(main_now, compare_with(main_now, {&feature})), "2:miss 3:miss");
  EXPECT_EQ(verdicts(main_now, compare_with(main_now, {&main_then, &feature})), "2:hit 3:hit");
}

TEST(Compare, DoesNotReuseWhatNoBuildHasMade) {
  const std::string unused = "FROM x AS s\nRUN 1\nFROM x\nRUN 2\n";
  EXPECT_EQ(test::compare_texts(unused, unused + "COPY --from=s /a /a\n"), "2:miss 4:hit 5:miss");
}

// BuildKit makes equal steps once for both, the others look for what the same build has made.
TEST(Compare, ReusesAnEqualStepOfTheSameBuild) {
  const std::string before = "FROM x\nRUN 0\n";
  const std::string after = "FROM x AS s\nRUN 1\nFROM x\nRUN 1\nCOPY --from=s /a /a\n";
  const auto verdicts_with = [&](plan::Builder builder) {
    return test::compare_texts(before, after, {.builder = builder});
  };
  EXPECT_EQ(verdicts_with(plan::Builder::kBuildkit), "2:miss 4:miss 5:miss");
  EXPECT_EQ(verdicts_with(plan::Builder::kClassic), "2:miss 4:hit 5:miss");
  EXPECT_EQ(verdicts_with(plan::Builder::kBuildah), "2:miss 4:hit 5:miss");
}

TEST(Compare, NamesTheCauseAgainstTheNearestState) {
  const Build far = build_of("FROM x\nRUN 0\nCOPY a /\nRUN 1\n", {file("a", "1")});
  const Build near = build_of("FROM x\nRUN zero\nCOPY a /\nRUN 1\n", {file("a", "1")});
  const Build now = build_of("FROM x\nRUN zero\nCOPY a /\nRUN 1\n", {file("a", "2")});
  for (const std::vector<const Build*>& earlier : {std::vector{&far, &near}, std::vector{&near, &far}}) {
    const Report report = compare_with(now, earlier);
    EXPECT_EQ(verdicts(now, report), "2:hit 3:miss 4:miss");
    EXPECT_EQ(report.steps[2].cause.kind, Cause::Kind::kFile);
    EXPECT_EQ(report.steps[2].cause.path, "a");
  }
}

// The cause of the last step, as "NAME: BEFORE -> AFTER".
std::string part(const std::string& before, const std::string& after, const plan::Options& then = {},
                 const plan::Options& now = {}) {
  const Build old = build_of("FROM x\n" + before, {file("a", "1")}, then);
  const Build build = build_of("FROM x\n" + after, {file("a", "1")}, now);
  const Cause cause = compare(old.state(), build.state()).steps.back().cause;
  return cause.name + ": " + cause.before + " -> " + cause.after;
}

TEST(Causes, NameThePartThatTheWordsDoNotShow) {
  EXPECT_EQ(part("RUN 1\n", "USER root\nRUN 1\n"), "user:  -> root");
  EXPECT_EQ(part("USER 1\nRUN 1\n", "USER 2\nRUN 1\n"), "user: 1 -> 2");
  EXPECT_EQ(part("USER 1\nRUN 1\n", "RUN 1\n"), "user: 1 -> ");
  EXPECT_EQ(part("SHELL [\"sh\"]\nRUN 1\n", "SHELL [\"bash\"]\nRUN 1\n"), "shell: sh -> bash");
  EXPECT_EQ(part("RUN 1\n", "RUN 1\n", {}, {.platform = "linux/arm64"}),
            "platform: linux/amd64 -> linux/arm64");
  EXPECT_EQ(part("RUN 1\n", "RUN 1\n", {}, {.run = {.add_hosts = {"h=::1"}}}), "--add-host:  -> h");
  EXPECT_EQ(part("RUN 1\n", "RUN 1\n", {}, {.run = {.network = "none"}}), "network:  -> none");
  EXPECT_EQ(part("RUN --mount=type=cache,target=/c 1\n", "RUN --mount=type=cache,target=/c 1\n", {},
                 {.build_args = {{"BUILDKIT_CACHE_MOUNT_NS", "n"}}}),
            "cache mount: target=/c -> target=/c,namespace=n");
  EXPECT_EQ(part("WORKDIR /w\n", "WORKDIR /w\n", {}, {.build_args = {{"SOURCE_DATE_EPOCH", "7"}}}),
            "SOURCE_DATE_EPOCH:  -> 7");
}

TEST(Causes, NameWhatAnOptionChanges) {
  EXPECT_EQ(part("RUN 1\n", "RUN 1\n", {.run = {.add_hosts = {"a:1", "b:1"}}},
                 {.run = {.add_hosts = {"b:1", "a:1"}}}),
            "--add-host: a, b -> b, a");
  EXPECT_EQ(part("RUN 1\n", "RUN 1\n", {}, {.run = {.ulimits = {"nproc=1", "nofile=2:3"}}}),
            "--ulimit:  -> nofile=2:3, nproc=1:1");
  EXPECT_EQ(part("RUN 1\n", "RUN 1\n", {}, {.build_args = {{"BUILDKIT_SANDBOX_HOSTNAME", "h"}}}),
            "host name:  -> h");
  EXPECT_EQ(part("COPY --link a b\n", "COPY --link a b\n", {}, {.store = plan::Store::kOverlay2}),
            "image store: containerd -> overlay2");
  EXPECT_EQ(part("RUN 0\nRUN 1\n", "RUN 1\n"), "step before it: RUN 0 -> ");
}

TEST(Causes, BlameAStageOnlyForWhatIsTakenFromIt) {
  const std::string text =
      "FROM x AS base\nCOPY a /a\nFROM base AS test\nCOPY b /w/g\nFROM base\nCOPY --from=test /w /w\n";
  const Build old = build_of(text, {file("a", "1"), file("b", "1")});
  const Build now = build_of(text, {file("a", "2"), file("b", "1")});
  const Report report = compare(old.state(), now.state());
  EXPECT_EQ(verdicts(now, report), "2:miss 4:miss 6:miss");
  EXPECT_EQ(report.steps.back().follows, 1u);
  EXPECT_EQ(report.steps.back().cause.path, "a");
}

TEST(Causes, NameTheStepOfAStageThatWroteWhatIsTaken) {
  const std::string text = "FROM x AS s\nCOPY a /d/\nCOPY b /o/\nFROM x\nCOPY --from=s /d /d\n";
  const Build old = build_of(text, {file("a", "1"), file("b", "1")});
  const Build now = build_of(text, {file("a", "2"), file("b", "1")});
  EXPECT_EQ(compare(old.state(), now.state()).steps.back().cause.line, 2u);
}

TEST(Causes, NameAStepThatAStageHasLost) {
  const Build old = build_of("FROM x AS s\nRUN make\nFROM x\nCOPY --from=s /o /o\n", {});
  const Build now = build_of("FROM x AS s\nFROM x\nCOPY --from=s /o /o\n", {});
  const Report report = compare(old.state(), now.state());
  EXPECT_EQ(verdicts(now, report), "3:depends");
  const Cause& cause = report.steps.back().cause;
  EXPECT_EQ(cause.kind, Cause::Kind::kStage);
  EXPECT_EQ(cause.stage, "s");
  EXPECT_EQ(cause.before, "RUN make");
}

TEST(Causes, SayHowAFileChanged) {
  const auto link = [](std::string target) {
    Record record;
    record.path = "l";
    record.type = context::Type::kSymlink;
    record.target = std::move(target);
    return record;
  };
  const auto change = [](const Record& before, const Record& after) {
    const std::string text = "FROM x\nCOPY . /\n";
    const Build old = build_of(text, {before}), now = build_of(text, {after});
    return std::string(compare(old.state(), now.state()).steps.back().cause.change);
  };
  EXPECT_EQ(change(link("a"), link("b")), "target");
  EXPECT_EQ(change(link("a"), file("l", "a")), "type");
  EXPECT_EQ(change(file("l", "a"), file("l", "b")), "changed");
  EXPECT_EQ(change(file("l", "a"), file("l", "a", 0755)), "mode");
}

Record dated(std::string path, std::string_view content, int64_t modified) {
  Record record = file(std::move(path), content);
  record.stamp.size = record.size;
  record.stamp.modified = modified;
  return record;
}

TEST(Compare, LeavesOpenWhatABuilderDoesNotLookAt) {
  const std::string text = "FROM x AS s\nCOPY a /d/\nFROM x\nCOPY --from=s /d /d\nRUN 1\n";
  const Build old = build_of(text, {dated("a", "one", 5)});
  const auto edit = [&](const Record& record) {
    const Build now = build_of(text, {record});
    const Report report = compare_with(now, {&old});
    return verdicts(now, report) + " " + report.steps[1].cause.change;
  };
  EXPECT_EQ(edit(dated("a", "two", 5)), "2:depends 4:depends 5:depends same-time");
  EXPECT_EQ(edit(dated("a", "two", 6)), "2:miss 4:miss 5:miss changed");
  EXPECT_EQ(edit(dated("a", "three", 5)), "2:miss 4:miss 5:miss changed");
  Record executable = dated("a", "two", 5);
  executable.mode = 0755;
  EXPECT_EQ(edit(executable), "2:miss 4:miss 5:miss changed");
  EXPECT_EQ(edit(file("a", "two")), "2:miss 4:miss 5:miss changed");  // nobody knows its time
  Record with_attribute = dated("a", "one", 5);
  with_attribute.attributes = context::hash_bytes("user.x");
  EXPECT_EQ(edit(with_attribute), "2:depends 4:depends 5:depends same-time");
  with_attribute.stamp.modified = 6;
  EXPECT_EQ(edit(with_attribute), "2:miss 4:miss 5:miss attributes");
}

TEST(Compare, LeavesOpenWhetherTheAttributesOfFoldersCount) {
  Record folder;
  folder.path = "d";
  folder.type = context::Type::kFolder;
  folder.mode = 0755;
  const Build old = build_of("FROM x\nCOPY d /d\n", {folder, file("d/a", "1")});
  folder.attributes = context::hash_bytes("user.x");
  const Build now = build_of("FROM x\nCOPY d /d\n", {folder, file("d/a", "1")});
  const Report report = compare(old.state(), now.state());
  EXPECT_EQ(verdicts(now, report), "2:depends");
  EXPECT_EQ(report.steps.back().cause.change, "attributes");
}

TEST(Compare, KnowsTheFolderThatIsMadeInEveryBuild) {
  const Build build = build_of("FROM scratch\nWORKDIR /w\nWORKDIR /w/x\nCOPY a .\n", {file("a", "1")});
  const Report report = compare(build.state(), build.state());
  EXPECT_EQ(verdicts(build, report), "2:miss 3:hit 4:hit");
  EXPECT_EQ(report.steps[0].cause.kind, Cause::Kind::kAlways);
  const Build copy = build_of("FROM scratch\nCOPY a /\nWORKDIR /w\n", {file("a", "1")});
  EXPECT_EQ(verdicts(copy, compare(copy.state(), copy.state())), "2:hit 3:hit");
}

// As Docker 28.5 did.
TEST(Compare, RebuildsWhatIsToldNotToUseTheCache) {
  const std::string text =
      "FROM x AS s\nWORKDIR /w\nRUN make\nCOPY a /l\nFROM x AS t\nWORKDIR /w\nCOPY a /\nCOPY --from=s /o /o\n"
      "COPY --from=s /l /l\nRUN 1\nFROM s AS u\nWORKDIR /v\nCOPY --from=t / /t/\n";
  const auto with = [&](plan::Options options, const std::string& target) {
    const Build old = build_of(text, {file("a", "1")}, {.target = target});
    options.target = target;
    const Build now = build_of(text, {file("a", "1")}, options);
    return verdicts(now, compare(old.state(), now.state()));
  };
  EXPECT_EQ(with({.no_cache = true}, "s"),
            "2:hit 3:miss 4:miss 6:unused 7:unused 8:unused 9:unused 10:unused "
            "12:unused 13:unused");
  EXPECT_EQ(with({.no_cache_filter = {"S"}}, "u"),
            "2:hit 3:miss 4:miss 6:hit 7:hit 8:depends 9:depends 10:depends 12:miss 13:miss");
  const Build build = build_of(text, {file("a", "1")}, {.no_cache = true});
  EXPECT_EQ(compare(build.state(), build.state()).steps[2].verdict, Verdict::kHit);  // one state has one key
}

TEST(StateFile, KeepsTimesAttributesAndOptions) {
  Record record = dated("a", "one", 1234567890123456789);
  record.attributes = context::hash_bytes("user.x");
  const Build build = build_of("FROM x\nCOPY a /\nRUN 1\n", {record},
                               {.run = {.network = "none", .add_hosts = {"h=::1"}, .ulimits = {"nofile=1"}},
                                .store = plan::Store::kOverlay2});
  const std::string text = write_state(build);
  const auto again = read_state(text);
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(write_state(*again), text);
  EXPECT_EQ(again->context().find("a")->stamp.modified, 1234567890123456789);
  EXPECT_EQ(again->options().plan.store, plan::Store::kOverlay2);
  EXPECT_EQ(verdicts(build, compare(again->state(), build.state())), "2:hit 3:hit");
}

}  // namespace
}  // namespace dcache::cache
