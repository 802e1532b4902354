#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/sources.h"
#include "rules/stages.h"

namespace dcache::rules::DL3026 {
namespace {

std::string_view registry_of(std::string_view image) {
  const size_t slash = image.find('/');
  const std::string_view first = image.substr(0, slash);
  const bool named = slash != std::string_view::npos &&
                     (first.find_first_of(".:") != std::string_view::npos || first == "localhost");
  if (!named || first == "index.docker.io" || first == "registry-1.docker.io") return "docker.io";
  return first;
}

bool is_trusted(std::string_view registry, std::string_view trusted) {
  if (trusted == "*" || trusted == registry) return true;
  if (trusted.starts_with("*.") && registry.ends_with(trusted.substr(1))) return true;
  if (trusted.ends_with(".*") && registry.starts_with(trusted.substr(0, trusted.size() - 1))) return true;
  return registry == "docker.io" && trusted == "hub.docker.com";
}

// An image that an instruction takes, and where its name is.
struct TakenImage {
  const dockerfile::Instruction* instruction = nullptr;
  std::string name;
  text::Span span;
};

// What COPY --from and mounts of an instruction name, except the stages above it.
void add_sources(lint::Dockerfile& dockerfile, const dockerfile::Instruction& written, size_t current,
                 std::vector<TakenImage>& taken) {
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  const auto add = [&](std::string_view name, text::Span span) {
    const bool own_stage = text::equals_ignoring_case(name, stages[current].name);
    if (!name.empty() && !own_stage && !find_stage(stages, current, name))
      taken.push_back({&written, std::string(name), span});
  };
  const dockerfile::Instruction& instruction = carried(written);
  const dockerfile::Flag* from = instruction.find_flag("from");
  if (instruction.keyword == dockerfile::Keyword::kCopy && from != nullptr) add(from->value, from->span);
  if (instruction.keyword != dockerfile::Keyword::kRun) return;
  const lint::Run& run = dockerfile.run_at(instruction);
  for (size_t i = 0; i < run.mounts.size(); ++i)
    add(run.mounts[i].from, run.mount_flags[i]->span);
}

std::vector<TakenImage> taken_images(lint::Dockerfile& dockerfile) {
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  std::vector<TakenImage> taken;
  for (size_t current = 0; current < stages.size(); ++current) {
    const WrittenStage& stage = stages[current];
    if (stage.from != nullptr && !stage.base && !stage.from->arguments.empty()) {
      const dockerfile::Word& image = stage.from->arguments.front();
      taken.push_back({stage.from, std::string(image.text), image.span});
    }
    for (const dockerfile::Instruction& instruction : stage.body)
      add_sources(dockerfile, instruction, current, taken);
  }
  return taken;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const std::vector<std::string>& trusted = dockerfile.config().trusted_registries;
  if (trusted.empty()) return;
  for (const TakenImage& image : taken_images(dockerfile)) {
    const std::string_view registry = registry_of(image.name);
    const bool known =
        std::ranges::any_of(trusted, [&](const std::string& entry) { return is_trusted(registry, entry); });
    if (known || image.name == "scratch" || image.name.starts_with('$') || dockerfile.is_defined(image.name))
      continue;
    reporter
        .report(image.instruction->span, fmt::format("the registry {} is not trusted", registry),
                fmt::format("use an image from {}", fmt::join(trusted, ", ")))
        .focus = image.span;
  }
}

}  // namespace

lint::Rule rule() {
  return {
      .code = "DL3026",
      .name = "untrusted-registry",
      .level = lint::Level::kError,
      .origin = lint::Origin::kHadolint,
      .summary = "An image comes from a registry that the configuration does not trust",
      .rationale =
          "`trusted-registries` in the configuration lists the registries that images may come from; "
          "`*.example.com` means all below a domain. The rule looks at the images of FROM, of `COPY "
          "--from` and of `RUN --mount=from=…`. Without the list it reports nothing. An image "
          "without a registry comes from `docker.io`. Names that a Compose, bake or Skaffold file decides "
          "are not reported.",
      .bad = {.dockerfile = "FROM evil.example.org/debian:12\n",
              .config = "trusted-registries = [\"docker.io\", \"*.example.com\"]\n"},
      .good = {.dockerfile = "FROM debian:12\n",
               .config = "trusted-registries = [\"docker.io\", \"*.example.com\"]\n"},
      .security_severity = "5.0",
      .check = check};
}

}  // namespace dcache::rules::DL3026
