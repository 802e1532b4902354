#include "dcache/cache/writes.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "dcache/dockerfile/parser.h"

namespace dcache::cache {
namespace {

using Texts = std::vector<std::string>;

std::optional<Texts> written(const std::string& instruction) {
  const dockerfile::File file = dockerfile::parse("FROM a\nWORKDIR /w\n" + instruction + "\n");
  const plan::Graph graph = plan::build_graph(file, {});
  return writes_of(graph.steps.back()).paths;
}

TEST(WrittenPaths, AreKnownOfPlainCommands) {
  EXPECT_EQ(written("RUN mkdir -p /out && echo x > /out/1"), (Texts{"/out", "/out/1"}));
  EXPECT_EQ(written("RUN touch rel ../up; echo $V 2>&1"), (Texts{"/w/rel", "/up"}));
  EXPECT_EQ(written("RUN [\"/bin/sh\", \"-c\", \"cp /a /longer\"]"), (Texts{"/a", "/longer"}));
  EXPECT_EQ(written("RUN <<EOF\nmkdir /inner\nEOF"), Texts{"/inner"});
  EXPECT_EQ(written("RUN <<EOF\n#!/bin/sh -e\ndate > /inner\nEOF"), Texts{"/inner"});
  EXPECT_EQ(written("RUN --mount=type=bind,target=/mounted true"), Texts{});
  EXPECT_EQ(written("RUN echo `true`"), Texts{});
}

TEST(WrittenPaths, AreUnknownOfAllElse) {
  for (const char* instruction :
       {"RUN make", "RUN mkdir $DIR", "RUN echo x > $OUT", "RUN cd / && touch x", "RUN echo $(make)",
        "RUN cp -r src/* /out", "RUN sh script.sh", "RUN [\"make\"]", "RUN <<EOF\n#!/bin/x\ntrue\nEOF",
        "SHELL [\"python\", \"-c\"]\nRUN true", "RUN mkdir ~", "RUN cp /a ~/b", "RUN /my/true",
        "RUN true && ./cp a b"}) {
    EXPECT_EQ(written(instruction), std::nullopt) << instruction;
  }
}

TEST(MayOverlap, SeesThroughTheUsualLinks) {
  EXPECT_TRUE(may_overlap("/bin/tool", "/usr/bin"));
  EXPECT_TRUE(may_overlap("/var/run/x", "/run"));
  EXPECT_TRUE(may_overlap("/out", "/"));
  EXPECT_FALSE(may_overlap("/out", "/bin/busybox"));
  EXPECT_FALSE(may_overlap("/out", "/output"));
}

TEST(MayMatch, ComparesPatternsPartByPart) {
  EXPECT_TRUE(may_match("/o?t", "/out/1"));
  EXPECT_TRUE(may_match("/out/*.c", "/out"));
  EXPECT_TRUE(may_match("/usr/bin/*", "/bin/tool"));
  EXPECT_TRUE(may_match("/out", "/out/1"));
  EXPECT_FALSE(may_match("/o?t", "/output"));
  EXPECT_FALSE(may_match("/out/*.c", "/out/a.h"));
}

// As an obvious loop counts them.
TEST(OverlappingPaths, AreThoseThatMayOverlap) {
  const Texts paths = {"/",    "/a",         "/a/b", "/a/b/c",   "/ab",    "/a-b",
                       "/bin", "/usr/bin/x", "/usr", "/var/run", "/run/x", "/a"};
  for (size_t size = 0; size <= paths.size(); ++size) {
    OverlappingPaths known;
    for (size_t i = 0; i < size; ++i)
      known.add(paths[i]);
    for (const std::string& path : paths) {
      const auto expected = std::count_if(paths.begin(), paths.begin() + static_cast<std::ptrdiff_t>(size),
                                          [&](const std::string& other) { return may_overlap(other, path); });
      EXPECT_EQ(known.count(path), static_cast<size_t>(expected)) << path << " of " << size;
      EXPECT_EQ(known.contains(path), expected > 0) << path << " of " << size;
    }
  }
}

}  // namespace
}  // namespace dcache::cache
