// `dcache history`, which reads git's objects on one thread and works out images on another; run under
// ThreadSanitizer.
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/git_folder.h"
#include "tests/run_program.h"

namespace dcache {
namespace {

using test::run_dcache;

// As many commits as make a second thread worth its start; each changes one of the files.
std::string many_commits(int count) {
  std::string stream;
  for (int i = 0; i < count; ++i) {
    const std::string text = fmt::format("{}\n", i);
    stream +=
        fmt::format("commit refs/heads/main\ncommitter t <t@t> {} +0000\ndata 2\nx\n", 1'700'000'000 + i);
    if (i == 0) stream += "M 644 inline Dockerfile\ndata 33\nFROM x\nCOPY a /a\nRUN a\nCOPY b /b\n\n";
    stream +=
        fmt::format("M 644 inline {}/f{}\ndata {}\n{}\n", i % 3 == 0 ? "a" : "b", i % 5, text.size(), text);
  }
  return stream;
}

TEST(Threads, ReadCommitsAhead) {
  const test::GitFolder folder;
  folder.write("commits", many_commits(250));
  folder.git("init -q -b main");
  folder.git("fast-import --quiet <commits");
  folder.git("reset -q --hard");
  const test::Outcome outcome = run_dcache({"history", "--format", "json"}, folder.path());
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto history = nlohmann::json::parse(outcome.out);
  const auto& image = history.at("images").at(0);
  EXPECT_EQ(image.at("built").get<int>() + image.at("failed").get<int>(), 250);
  EXPECT_EQ(image.at("steps").at(1).at("rebuilt"), 84);
}

}  // namespace
}  // namespace dcache
