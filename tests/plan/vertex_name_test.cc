// The names that BuildKit gives steps. Recorded logs of real builds are in tests/conformance/log_test.cc.
#include "dcache/plan/vertex_name.h"

#include <gtest/gtest.h>

#include "dcache/dockerfile/parser.h"

namespace dcache::plan {
namespace {

// The names of all steps, one a line.
std::string names(const std::string& text, const Options& options = {}, const VertexPrefix& prefix = {}) {
  const dockerfile::File file = dockerfile::parse(text);
  const Graph graph = build_graph(file, options);
  const VertexNames all(file, graph);
  std::string lines;
  for (size_t step = 0; step < graph.steps.size(); ++step)
    lines += all.name(step, prefix) + "\n";
  return lines;
}

TEST(VertexNames, CountInstructionsThatMakeSteps) {
  EXPECT_EQ(names("FROM alpine AS base\nENV A=1\nWORKDIR /src\nLABEL a=b\nCOPY . .\nFROM base\nRUN make\n"),
            "[base 1/3] FROM docker.io/library/alpine:latest\n[base 2/3] WORKDIR /src\n[base 3/3] COPY . .\n"
            "[stage-1 1/1] RUN make\n");
}

TEST(VertexNames, NameNoStageWhereThereIsOne) {
  EXPECT_EQ(names("FROM golang:1.22 AS build\nRUN make\n"),
            "[1/2] FROM docker.io/library/golang:1.22\n[2/2] RUN make\n");
  // BuildKit counts an image that a step copies or mounts from, and the scratch of a mount, as one more
  // stage.
  EXPECT_EQ(names("FROM a AS b\nCOPY --from=busybox /bin/sh /sh\n"),
            "[b 1/2] FROM docker.io/library/a:latest\n[b 2/2] COPY --from=busybox /bin/sh /sh\n");
  EXPECT_EQ(
      names("FROM a\nRUN --mount=type=cache,target=/c make\n"),
      "[stage-0 1/2] FROM docker.io/library/a:latest\n[stage-0 2/2] RUN --mount=type=cache,target=/c make\n");
}

TEST(VertexNames, AlignNumbers) {
  std::string text = "FROM scratch AS s\nFROM s\n";
  for (int i = 0; i < 10; ++i)
    text += "COPY a b\n";
  const std::string all = names(text);
  EXPECT_TRUE(all.starts_with("[stage-1  1/10] COPY a b\n")) << all;
  EXPECT_TRUE(all.ends_with("[stage-1 10/10] COPY a b\n")) << all;
}

TEST(VertexNames, CountAWorkdirThatLeadsToTheRoot) {
  EXPECT_EQ(names("FROM a\nWORKDIR /\nRUN x\n"), "[1/3] FROM docker.io/library/a:latest\n[2/3] RUN x\n");
}

TEST(VertexNames, ReplaceVariables) {
  EXPECT_EQ(names("FROM a\nARG V=1\nENV D=/d\nCOPY \"$V\" $D/\nRUN echo \"$V\" $HOME '$V'\nWORKDIR $D\nENV "
                  "D=/e\nCOPY x $D\n"),
            "[1/5] FROM docker.io/library/a:latest\n[2/5] COPY 1 /d/\n[3/5] RUN echo \"1\" $HOME '$V'\n"
            "[4/5] WORKDIR /d\n[5/5] COPY x /e\n");
}

TEST(VertexNames, SummarizeHeredocs) {
  EXPECT_EQ(names("FROM a\nRUN <<EOF\nset -e\nmake\nEOF\nCOPY <<A /x\ntext\nA\nRUN <<E\none\nE\n"),
            "[1/4] FROM docker.io/library/a:latest\n[2/4] RUN <<EOF (set -e...)\n[3/4] COPY <<A /x\n[4/4] "
            "RUN <<E (one)\n");
}

TEST(VertexNames, JoinLinesAndWriteKeywordsInCapitals) {
  EXPECT_EQ(names("from a\nrun  make && \\\n    # why\n    test\n"),
            "[1/2] FROM docker.io/library/a:latest\n[2/2] RUN  make &&     test\n");
}

TEST(VertexNames, TellWhatOnbuildPutOff) {
  EXPECT_EQ(
      names("FROM a AS base\nONBUILD COPY . .\nFROM base\nRUN x\n"),
      "[base 1/1] FROM docker.io/library/a:latest\n[stage-1 1/2] ONBUILD COPY . .\n[stage-1 2/2] RUN x\n");
}

TEST(VertexNames, TellWhatAnotherBuildPutOff) {
  const auto base = std::make_shared<const dockerfile::File>(
      dockerfile::parse("FROM a\n\n\nONBUILD ENV D=/d\nONBUILD COPY . $D\n"));
  const auto triggers = triggers_of(build_graph(*base, {}), "base/Dockerfile", base);
  EXPECT_EQ(names("FROM base\nRUN x\n", {.built_images = {{"base:latest", {"base", "", "", triggers}}}}),
            "[1/3] FROM docker.io/library/base:latest\n[2/3] ONBUILD COPY . /d\n[3/3] RUN x\n");
}

TEST(VertexNames, HideSecrets) {
  EXPECT_EQ(names("FROM a\nRUN --mount=type=secret,id=t,env=T echo $T\n"),
            "[stage-0 1/2] FROM docker.io/library/a:latest\n[stage-0 2/2] RUN --mount=type=secret,id=t,env=T "
            "echo ****\n");
}

TEST(VertexNames, HaveThePrefixesOfSeveralImagesAndPlatforms) {
  const std::string text =
      "FROM --platform=linux/amd64 a AS build\nARG TARGETARCH\nRUN make\nFROM b\nCOPY --from=build / /\n";
  EXPECT_EQ(names(text, {.platform = "linux/arm64"}, {.image = "api", .platform = true}),
            "[api linux/amd64 build 1/2] FROM docker.io/library/a:latest\n[api linux/amd64->arm64 build 2/2] "
            "RUN make\n"
            "[api linux/arm64 stage-1 1/2] FROM docker.io/library/b:latest\n"
            "[api linux/arm64 stage-1 2/2] COPY --from=build / /\n");
}

TEST(VertexNames, LeaveOutWhatANamedContextReplaces) {
  const std::string all = names("FROM base\nRUN x\n", {.named_contexts = {{"base", "../base"}}});
  EXPECT_TRUE(all.ends_with("\n[1/2] RUN x\n")) << all;
}

TEST(VertexNames, SpellReferencesInFull) {
  EXPECT_EQ(names("FROM acme/app:1\n"), "[1/1] FROM docker.io/acme/app:1\n");
  EXPECT_EQ(names("FROM ghcr.io/acme/app:1\n"), "[1/1] FROM ghcr.io/acme/app:1\n");
  EXPECT_EQ(names("FROM localhost/app\n"), "[1/1] FROM localhost/app:latest\n");
  EXPECT_EQ(names("FROM registry:5000/app\n"), "[1/1] FROM registry:5000/app:latest\n");
}

}  // namespace
}  // namespace dcache::plan
