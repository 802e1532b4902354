// Shows which steps of a build rebuild while somebody edits its files, as an editor does.
#include <cstdio>

#include <dcache/dcache.h>

namespace {

void show(const dcache::Workspace& workspace, const char* when) {
  std::printf("%s:\n", when);
  const auto explanation = workspace.explain("/app/Dockerfile", {});
  if (!explanation) {
    std::printf("  %s\n", explanation.error().front().message.c_str());
    return;
  }
  for (const dcache::Step& step : explanation->steps) {
    const bool reused = step.verdict == dcache::Verdict::kHit;
    std::printf("  %s %s  %s\n", reused ? "reused " : "rebuilt", step.instruction.c_str(),
                step.reason.c_str());
  }
}

}  // namespace

int main() {
  auto workspace = dcache::Workspace::open({.on_disk = false});
  if (!workspace) return 1;
  workspace->set_text("/app/Dockerfile", "FROM scratch\nCOPY go.mod /\nCOPY src /src\n");
  workspace->set_text("/app/go.mod", "module app\n");
  workspace->set_text("/app/src/main.go", "package main\n");
  workspace->mark("/app/Dockerfile");  // the state to compare with: what was built last

  show(*workspace, "nothing changed");
  workspace->set_text("/app/src/main.go", "package main // edited\n");
  show(*workspace, "with an unsaved edit of src/main.go");
  workspace->set_text("/app/.dockerignore", "src\n");
  show(*workspace, "with src ignored");
  return 0;
}
