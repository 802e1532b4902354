#include "dcache/lint/rule.h"
#include "rules/final_image.h"
#include "rules/stages.h"

namespace dcache::rules::DC5004 {
namespace {

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const dockerfile::Instruction& instruction : dockerfile.file().instructions()) {
    if (instruction.keyword != dockerfile::Keyword::kExpose) continue;
    for (const dockerfile::Word& word : instruction.arguments) {
      const std::string_view port = unquoted(word.text);
      if ((port != "22" && port != "22/tcp") || final_image(dockerfile).starts("sshd")) continue;
      auto& finding =
          reporter.report(instruction.span, "port 22 is the SSH port, and a container does not need SSH",
                          "start a shell in a container with docker exec");
      finding.focus = word.span;
    }
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/reference/cli/docker/container/exec/"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC5004",
      .name = "exposed-ssh",
      .level = lint::Level::kInfo,
      .on_by_default = false,
      .summary = "EXPOSE names the port of SSH",
      .rationale =
          "An SSH server in a container needs keys or passwords in the image, updates, and a second process "
          "to look after. `docker exec` and `kubectl exec` start a shell without it. An image that "
          "starts `sshd` itself is not reported; silence the rule for other servers that use SSH.",
      .bad = {"FROM debian:12\n"
              "EXPOSE 80 22\n"},
      .good = {"FROM debian:12\n"
               "EXPOSE 80\n"},
      .references = kReferences,
      .security_severity = "3.0",
      .check = check};
}

}  // namespace dcache::rules::DC5004
