#include "dcache/editor/workspace.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace dcache {
namespace {

// Several threads ask while one types and files change.
TEST(WorkspaceThreads, AnswersWhileTextsChange) {
  const auto files = std::make_shared<context::MemoryFiles>();
  const std::string path = "/app/Dockerfile";
  files->write(path, "FROM scratch\nCOPY . /\n");
  files->write("/app/a", "1");
  editor::Workspace workspace({.files = files});
  workspace.mark(path);
  std::atomic<bool> done = false;
  std::atomic<size_t> good = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      do {
        const auto linted = workspace.lint(path);
        const auto explained = workspace.explain(path, {});
        const auto parsed = workspace.parse(path);
        good += linted && explained && parsed ? 1U : 0U;
      } while (!done);
    });
  }
  for (int i = 0; i < 100; ++i) {
    workspace.set_text("/app/a", std::to_string(i));
    workspace.set_text(path, "FROM scratch\nCOPY . /" + std::to_string(i) + "\n");
    if (i % 10 == 0) workspace.files_changed();
  }
  done = true;
  for (std::thread& reader : readers)
    reader.join();
  EXPECT_GE(good, readers.size());
  EXPECT_EQ((*workspace.explain(path, {}))->report.steps.size(), 1u);
}

}  // namespace
}  // namespace dcache
