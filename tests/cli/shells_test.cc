// What completion scripts of shells contain, and what they ask the program for.
#include <gtest/gtest.h>

#include "tests/run_program.h"

namespace dcache {
namespace {

using test::contains;
using test::run_dcache;
using test::TemporaryFolder;

TEST(Completion, KnowsTheCodesOfRules) {
  const TemporaryFolder folder;
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = run_dcache({"completion", shell}, folder.path()).out;
    EXPECT_TRUE(contains(script, " DC1001 ")) << shell;
    EXPECT_TRUE(contains(script, "complete-names images")) << shell;
    EXPECT_TRUE(contains(script, "complete-names stages")) << shell;
  }
}

// bash expands the words that it completes, so that a name must not have anything to expand.
TEST(CompleteNames, PrintsImagesAndStagesThatAShellTakesAsTheyAre) {
  const TemporaryFolder folder;
  folder.write("docker-bake.hcl",
               "group \"all\" { targets = [\"api\"] }\n"
               "target \"api\" {}\n"
               "target \"b\" { dockerfile-inline = \"FROM scratch AS inside\" }\n");
  folder.write("Dockerfile", "FROM scratch AS base\nFROM base AS $(id)\nFROM base AS final\n");
  EXPECT_EQ(run_dcache({"complete-names", "images"}, folder.path()).out, "all\napi\nb\n");
  EXPECT_EQ(run_dcache({"complete-names", "stages"}, folder.path()).out, "base\nfinal\ninside\n");
}

}  // namespace
}  // namespace dcache
