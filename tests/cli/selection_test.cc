// Which build a command is about: in a subfolder, and with options that name it twice.
#include <string>

#include <gtest/gtest.h>

#include "tests/cli/repository.h"
#include "tests/run_program.h"

namespace dcache {
namespace {

using test::Files;
using test::Repository;
using test::run_dcache;

// A bake file in a folder beside those of the images.
const Files kMono = {
    {"build/docker-bake.hcl",
     "target \"base\" {\n  context = \"base\"\n}\ntarget \"gen\" {\n  context = \"tools/gen\"\n  contexts = "
     "{ base-img = \"target:base\" }\n}\n"},
    {"compose.yaml", "services:\n  api:\n    build: api\n"},
    {"base/Dockerfile", "FROM alpine:3.20\nCOPY e /e\n"},
    {"base/e", "1\n"},
    {"api/Dockerfile", "FROM alpine:3.20\nCOPY f /f\n"},
    {"api/f", "1\n"},
    {"web/Dockerfile", "FROM alpine:3.20\nCOPY f /f\n"},
    {"web/f", "1\n"},
    {"tools/gen/Dockerfile", "FROM base-img\nCOPY g /g\n"},
    {"tools/gen/g", "1\n"}};

TEST(Selection, ASubfolderIsBuiltAsTheRepositoryDefinesIt) {
  const Repository repository(kMono);
  repository.write("base/e", "2\n");
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"explain"},
                                                    {"explain", "-f", "Dockerfile"},
                                                    {"explain", "--image", "gen"}}) {
    const auto outcome = run_dcache(arguments, repository / "tools/gen");
    EXPECT_TRUE(outcome.out.starts_with("1 of 1 step rebuilds since HEAD")) << outcome.out;
    EXPECT_NE(outcome.out.find("the image base is rebuilt"), std::string::npos) << outcome.out;
  }
}

TEST(Selection, CommandsCountTheSameImages) {
  const Repository repository(kMono);
  for (const char* folder : {"web", "base", "tools/gen"})
    EXPECT_NE(run_dcache({"explain"}, repository / folder).err.find("of all 4 images"), std::string::npos)
        << folder;
}

TEST(Selection, AnImageHasNoOtherDockerfile) {
  const Repository repository(kMono);
  const auto outcome = run_dcache({"explain", "--image", "api", "-f", "web/Dockerfile"}, repository.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err, "dcache: --image api is built from api/Dockerfile: leave out -f, or --image\n");
}

}  // namespace
}  // namespace dcache
