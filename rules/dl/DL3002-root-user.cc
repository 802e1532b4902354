#include <algorithm>

#include "dcache/lint/rule.h"
#include "rules/final_image.h"
#include "rules/hadolint.h"
#include "rules/package_managers.h"
#include "rules/root.h"
#include "rules/stages.h"

namespace dcache::rules::DL3002 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

bool is_root_user(const Instruction* user) {
  return user != nullptr && !user->arguments.empty() && read_owner(user->arguments.front().text).is_root();
}

lint::Diagnostic& report_root(const Instruction& user, lint::Reporter& reporter) {
  return reporter.report(user.span, "the program in the image runs as root",
                         "set another USER before the end of the stage");
}

// Whether the image has another user above, which is then not the one that runs the program.
bool gives_back_root(const FinalImage& image) {
  return std::ranges::any_of(image.instructions, [](const Instruction* one) {
    return one->keyword == Keyword::kUser && !one->arguments.empty() && !is_root_user(one);
  });
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  if (!answers_as_hadolint(dockerfile, "DL3002")) {
    const FinalImage& image = final_image(dockerfile);
    if (!is_root_user(image.user) || gives_up_root(image)) return;
    // Without another user in the file, root is what its author wants.
    lint::Diagnostic& diagnostic = report_root(*image.user, reporter);
    if (!gives_back_root(image)) diagnostic.level = lint::Level::kInfo;
    return;
  }
  for (const WrittenStage& stage : written_stages(dockerfile)) {
    const Instruction* last = nullptr;
    for (const Instruction& instruction : stage.body) {
      if (instruction.keyword == Keyword::kUser && !instruction.arguments.empty()) last = &instruction;
    }
    if (is_root_user(last)) report_root(*last, reporter);
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3002",
          .name = "root-user",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "The last USER of the image is root",
          .rationale =
              "A process that is root in a container is also root for the kernel: a security hole in the "
              "program is a hole in everything that is mounted or shared. Do what needs root, then "
              "switch to another user.\n\nA build stage does not run as a container, and services such "
              "as nginx, php-fpm, cron and sshd, or a start with `gosu`, `su-exec`, `setpriv` or `su`, "
              "give up root themselves: only the profile `hadolint` reports those. If the image has no other "
              "USER, root is what the author chose: outside of that profile this is an info.",
          .bad = {"FROM debian:12\n"
                  "USER root\n"
                  "RUN apt-get update\n"},
          .good = {"FROM debian:12\n"
                   "USER root\n"
                   "RUN apt-get update\n"
                   "USER app\n"},
          .security_severity = "4.5",
          .check = check};
}

}  // namespace dcache::rules::DL3002
