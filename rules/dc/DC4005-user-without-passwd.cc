#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/empty_image.h"

namespace dcache::rules::DC4005 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

constexpr std::string_view kFolders[] = {"/etc/passwd"};

// Whether the user is given by a name that the image would have to know.
bool is_name(std::string_view user) {
  user = user.substr(0, user.find(':'));
  return !user.empty() && user.find('$') == std::string_view::npos && user != "root" &&
         user.find_first_not_of("0123456789") != std::string_view::npos;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  for (size_t stage = 0; stage < stages.size(); ++stage) {
    for (const Instruction& instruction : stages[stage].body) {
      if (instruction.keyword != Keyword::kUser || instruction.arguments.empty()) continue;
      const std::string_view user = unquoted(instruction.arguments[0].text);
      if (!is_name(user) || !is_surely_missing(dockerfile, stage, instruction, kFolders)) continue;
      reporter.report(instruction.span,
                      fmt::format("an image from scratch has no /etc/passwd, so the user {} can't be found "
                                  "and the container can't start",
                                  user),
                      "write a number, such as USER 65532:65532, or copy /etc/passwd from another stage");
    }
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/reference/dockerfile/#user"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC4005",
          .name = "user-without-passwd",
          .level = lint::Level::kError,
          .summary = "USER names a user in an image without `/etc/passwd`",
          .rationale =
              "A name is looked up in `/etc/passwd` of the image when the container starts. `FROM scratch` "
              "starts with an empty image, and without that file the container can't start: *unable to find "
              "user*. A number needs no file.",
          .bad = {"FROM scratch\n"
                  "COPY app /app\n"
                  "USER nobody\n"
                  "ENTRYPOINT [\"/app\"]\n"},
          .good = {"FROM scratch\n"
                   "COPY app /app\n"
                   "USER 65532:65532\n"
                   "ENTRYPOINT [\"/app\"]\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC4005
