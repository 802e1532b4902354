// How long steps took, kept between runs.
#include "dcache/observe/durations.h"

#include <gtest/gtest.h>

#include "dcache/dockerfile/parser.h"
#include "tests/run_program.h"

namespace dcache::observe {
namespace {

context::Hash key(uint64_t number) {
  return {number, 0};
}

TEST(Durations, AreThereAgain) {
  const test::TemporaryFolder folder;
  Durations durations = Durations::open(folder / "cache");
  EXPECT_FALSE(durations.find(key(1)));
  durations.set(key(1), 1.5);
  durations.set(key(2), 94.125);
  durations.set(key(1), 2);
  EXPECT_EQ(durations.save(), "");
  const Durations again = Durations::open(folder / "cache");
  EXPECT_EQ(again.find(key(1)), 2);
  EXPECT_EQ(again.find(key(2)), 94.125);
  EXPECT_FALSE(again.find(key(3)));
}

TEST(Durations, CountAsEmptyWhereTheyAreDamaged) {
  for (const char* text :
       {"", "{", "[]", R"({"version":2,"steps":[["00000000000000010000000000000000",1]]})",
        R"({"version":1})",
        R"({"version":1,"steps":[1,["x",1],["00000000000000010000000000000000","1"],[]]})"}) {
    const test::TemporaryFolder folder;
    folder.write("durations.json", text);
    EXPECT_FALSE(Durations::open(folder.path()).find(key(1))) << text;
  }
}

TEST(Durations, KeepTheLatestOfTooMany) {
  const test::TemporaryFolder folder;
  Durations durations = Durations::open(folder.path());
  for (uint64_t i = 0; i < 50'010; ++i)
    durations.set(key(i), 1);
  EXPECT_EQ(durations.save(), "");
  const Durations again = Durations::open(folder.path());
  EXPECT_FALSE(again.find(key(9)));
  EXPECT_TRUE(again.find(key(10)));
}

TEST(Durations, SayWhyTheyCantBeKept) {
  EXPECT_NE(Durations::open("").save(), "");
  EXPECT_NE(Durations::open("/proc/no").save(), "");
}

// The last step of a Dockerfile.
context::Hash key_of(const std::string& text, const std::string& path = "/d/Dockerfile") {
  const dockerfile::File file = dockerfile::parse(text);
  const plan::Graph graph = plan::build_graph(file, {});
  return Durations::key_of(graph, graph.steps.size() - 1, path);
}

TEST(Durations, AreOfAStepWithoutItsFiles) {
  const context::Hash make = key_of("FROM a\nCOPY x .\nRUN make\n");
  EXPECT_EQ(key_of("FROM a\nCOPY y .\nRUN make\n"), make);
  EXPECT_NE(key_of("FROM a\nRUN make all\n"), make);
  EXPECT_NE(key_of("FROM a\nENV A=1\nRUN make\n"), make);
  EXPECT_NE(key_of("FROM a AS b\nRUN make\n"), make);
  EXPECT_NE(key_of("FROM a\nRUN make\n", "/e/Dockerfile"), make);
}

}  // namespace
}  // namespace dcache::observe
