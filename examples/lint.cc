// Lints a Dockerfile that is in memory, and fixes it: no file is read.
#include <cstdio>

#include <dcache/dcache.h>

int main() {
  auto workspace = dcache::Workspace::open({.on_disk = false, .rules = {.profile = "all"}});
  if (!workspace) {
    std::fprintf(stderr, "%s\n", workspace.error().message.c_str());
    return 1;
  }
  workspace->set_text("/app/Dockerfile", "FROM scratch\ncopy src /src\nMAINTAINER me\n");
  workspace->set_text("/app/src/main.c", "int main(void);\n");

  const auto linted = workspace->lint("/app/Dockerfile");
  if (!linted) {
    std::fprintf(stderr, "%s\n", linted.error().message.c_str());
    return 1;
  }
  for (const dcache::Finding& finding : linted->findings) {
    std::printf("line %u: %s [%s]\n", finding.range.begin.line + 1, finding.message.c_str(),
                finding.rule.c_str());
  }
  const auto fixed = workspace->fix("/app/Dockerfile");
  std::printf("fixed:\n%s", fixed ? fixed->text.c_str() : "");
  return 0;
}
