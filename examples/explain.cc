// Says which steps of a build rebuild while somebody edits its files, as an editor does.
#include <cstdio>
#include <memory>
#include <string>

#include <dcache/dcache.h>

namespace {

void show(const dcache::Workspace& workspace, const char* when) {
  std::printf("%s:\n", when);
  const auto explained = workspace.explain("/app/Dockerfile", {});
  if (!explained) {
    std::printf("  %s\n", explained.error().front().message.c_str());
    return;
  }
  const dcache::cache::Build& build = *(*explained)->build;
  for (const auto& step : (*explained)->report.steps) {
    const auto& instruction = *build.graph().steps[step.step].instruction;
    std::printf("  %s %s  %s\n", std::string(dcache::report::sign_of(step.verdict)).c_str(),
                instruction.one_line().c_str(), dcache::report::cause_words(build, step).c_str());
  }
}

}  // namespace

int main() {
  const auto files = std::make_shared<dcache::context::MemoryFiles>();
  files->write("/app/Dockerfile", "FROM scratch\nCOPY go.mod /\nCOPY src /src\n");
  files->write("/app/go.mod", "module app\n");
  files->write("/app/src/main.go", "package main\n");
  dcache::Workspace workspace({.files = files});
  workspace.mark("/app/Dockerfile");  // the state to compare with: what was built last

  show(workspace, "nothing changed");
  workspace.set_text("/app/src/main.go", "package main // edited\n");
  show(workspace, "with an unsaved edit of src/main.go");
  workspace.set_text("/app/.dockerignore", "src\n");
  show(workspace, "with src ignored");
  return 0;
}
