#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/dispatch.h"

namespace dcache::rules::InvalidBaseImagePlatform {
namespace {

using dockerfile::Instruction;

// The repositories of Docker's official images for one architecture.
constexpr struct {
  std::string_view prefix;
  std::string_view architecture;
} kRepositories[] = {{"amd64/", "amd64"},       {"arm32v5/", "arm"},     {"arm32v6/", "arm"},
                     {"arm32v7/", "arm"},       {"arm64v8/", "arm64"},   {"i386/", "386"},
                     {"mips64le/", "mips64le"}, {"ppc64le/", "ppc64le"}, {"riscv64/", "riscv64"},
                     {"s390x/", "s390x"}};

std::string_view architecture_of(std::string_view platform) {
  const size_t slash = platform.find('/');
  if (slash == std::string_view::npos) return {};
  const std::string_view rest = platform.substr(slash + 1);
  return rest.substr(0, rest.find('/'));
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Instruction* from : resolved_froms(dockerfile)) {
    const dockerfile::Flag* flag = from->find_flag("platform");
    if (flag == nullptr || flag->value.find('$') != std::string_view::npos || from->arguments.empty())
      continue;
    const std::string_view wanted = architecture_of(flag->value);
    const std::string_view image = dockerfile.graph().text_of(from->arguments.front());
    const auto known = std::ranges::find_if(
        kRepositories, [&](const auto& repository) { return image.starts_with(repository.prefix); });
    if (wanted.empty() || known == std::end(kRepositories) || known->architecture == wanted ||
        dockerfile.is_defined(image))
      continue;
    reporter
        .report(from->span,
                fmt::format("{} contains images for {}, but FROM asks for {}", image, known->architecture,
                            wanted),
                "use an image for that platform")
        .focus = flag->span;
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "InvalidBaseImagePlatform",
          .name = "InvalidBaseImagePlatform",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .whole_file = true,
          .summary = "FROM asks for another platform than that of its image",
          .rationale =
              "Repositories such as `arm64v8/alpine` contain images for one architecture. If "
              "`--platform` names another one, the image can't run on the machine that it is meant for. "
              "Other images are not looked up: that needs the network.",
          .bad = {"FROM --platform=linux/amd64 arm64v8/alpine:3.20\n"},
          .good = {"FROM --platform=linux/arm64 arm64v8/alpine:3.20\n"},
          .check = check};
}

}  // namespace dcache::rules::InvalidBaseImagePlatform
