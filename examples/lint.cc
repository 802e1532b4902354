// Lints a Dockerfile that is in memory, and mends it: no file is read.
#include <cstdio>
#include <memory>
#include <string>

#include <dcache/dcache.h>

int main() {
  const auto files = std::make_shared<dcache::context::MemoryFiles>();
  files->write("/app/Dockerfile", "FROM scratch\ncopy src /src\nMAINTAINER me\n");
  files->write("/app/src/main.c", "int main(void);\n");
  const dcache::Workspace workspace({.files = files});

  const auto linted = workspace.lint("/app/Dockerfile");
  if (!linted) {
    std::fprintf(stderr, "%s\n", linted.error().message.c_str());
    return 1;
  }
  for (const dcache::lint::Diagnostic& finding : (*linted)->findings.diagnostics) {
    const auto place = (*linted)->text().lines().position_of(finding.shown().begin);
    std::printf("line %u: %s [%s]\n", place.line, finding.sentence().c_str(),
                std::string(finding.rule).c_str());
  }
  const auto fixed = workspace.fix("/app/Dockerfile", /*unsafe=*/false);
  std::printf("mended:\n%s", fixed ? fixed->text.c_str() : "");
  return 0;
}
