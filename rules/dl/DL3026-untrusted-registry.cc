#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/stages.h"

namespace dcache::rules {
namespace {

std::string_view registry_of(std::string_view image) {
  const size_t slash = image.find('/');
  const std::string_view first = image.substr(0, slash);
  const bool named = slash != std::string_view::npos &&
                     (first.find_first_of(".:") != std::string_view::npos || first == "localhost");
  return named ? first : "docker.io";
}

bool is_trusted(std::string_view registry, std::string_view trusted) {
  if (trusted == "*" || trusted == registry) return true;
  if (trusted.starts_with("*.") && registry.ends_with(trusted.substr(1))) return true;
  if (trusted.ends_with(".*") && registry.starts_with(trusted.substr(0, trusted.size() - 1))) return true;
  return registry == "docker.io" && trusted == "hub.docker.com";
}

void check(lint::Subject& subject, lint::Reporter& reporter) {
  const std::vector<std::string>& trusted = subject.config().trusted_registries;
  if (trusted.empty()) return;
  for (const WrittenStage& stage : written_stages(subject)) {
    if (stage.from == nullptr || stage.base || stage.from->arguments.empty()) continue;
    const dockerfile::Word& image = stage.from->arguments.front();
    const std::string_view registry = registry_of(image.text);
    const bool known =
        std::ranges::any_of(trusted, [&](const std::string& entry) { return is_trusted(registry, entry); });
    if (known || image.text == "scratch" || image.text.starts_with('$')) continue;
    reporter
        .report(stage.from->span, fmt::format("the registry {} is not trusted", registry),
                fmt::format("take the image from {}", fmt::join(trusted, ", ")))
        .focus = image.span;
  }
}

}  // namespace

lint::Rule DL3026() {
  return {.code = "DL3026",
          .name = "untrusted-registry",
          .level = lint::Level::kError,
          .origin = lint::Origin::kHadolint,
          .summary = "A base image comes from a registry that the configuration does not trust",
          .rationale =
              "`trusted-registries` in the configuration lists where base images may come from, "
              "`*.example.com` all below a domain. Without that list the rule has nothing to say. An image "
              "without a registry comes from `docker.io`.",
          .bad = {.dockerfile = "FROM evil.example.org/debian:12\n",
                  .config = "trusted-registries = [\"docker.io\", \"*.example.com\"]\n"},
          .good = {.dockerfile = "FROM debian:12\n",
                   .config = "trusted-registries = [\"docker.io\", \"*.example.com\"]\n"},
          .security_severity = "5.0",
          .check = check};
}

}  // namespace dcache::rules
