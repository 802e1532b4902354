#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "dcache/dockerfile/expand.h"
#include "dcache/lint/rule.h"
#include "dcache/plan/image.h"

namespace dcache::rules::DC1009 {
namespace {

using lint::Dockerfile;
using plan::Step;

constexpr size_t kMostNamed = 3;  // images in one message

// An image that a tag names, which is none of those that move by their nature.
struct TaggedImage {
  const Step* step = nullptr;
  plan::ImageReference image;
};

// One finding for all images of the file: each wants the same done.
void report_tagged(const std::vector<TaggedImage>& all, lint::Reporter& reporter) {
  if (all.empty()) return;
  std::string names;
  for (size_t i = 0; i < std::min(all.size(), kMostNamed); ++i)
    names += fmt::format("{}{}", i == 0 ? "" : ", ", all[i].step->image);
  if (all.size() > kMostNamed) names += fmt::format(" and {} more", all.size() - kMostNamed);
  const TaggedImage& first = all.front();
  const bool one = all.size() == 1;
  reporter
      .report(first.step->instruction->arguments.front().span,
              fmt::format("{} {} not pinned to a digest; the tag{} can move", names, one ? "is" : "are",
                          one ? "" : "s"),
              fmt::format("write {}:{}@sha256:…; docker buildx imagetools inspect {} prints the digest",
                          first.image.name, first.image.tag, first.step->image))
      .level = lint::Level::kInfo;
}

// The arguments above the first FROM that have a value; those of platforms get one from the builder.
class BaseArguments {
 public:
  explicit BaseArguments(const dockerfile::File& file) {
    for (const dockerfile::Instruction& instruction : file.instructions()) {
      if (instruction.keyword == dockerfile::Keyword::kFrom) break;
      if (instruction.keyword != dockerfile::Keyword::kArg) continue;
      for (const dockerfile::Word& word : instruction.arguments) {
        if (const size_t equals = word.text.find('='); equals != std::string_view::npos)
          set_.insert(word.text.substr(0, equals));
      }
    }
  }

  // Whether a reference hangs on an argument that each build gives a value.
  bool is_open(const dockerfile::Word& reference) const {
    std::vector<std::string> missing;
    const auto lookup = [&](std::string_view name) -> std::optional<std::string_view> {
      const bool platform = name.starts_with("TARGET") || name.starts_with("BUILD");
      return platform || set_.contains(name) ? std::optional<std::string_view>("x") : std::nullopt;
    };
    dockerfile::ExpandOptions options;
    options.missing = &missing;
    return !dockerfile::expand(reference.text, lookup, options) || !missing.empty();
  }

 private:
  std::set<std::string_view> set_;
};

void check(Dockerfile& dockerfile, lint::Reporter& reporter) {
  const BaseArguments arguments(dockerfile.file());
  std::map<std::string, std::string, std::less<>> digests;  // by name and tag
  std::vector<TaggedImage> tagged;
  for (const Step& step : dockerfile.graph().steps) {
    if (step.kind != Step::Kind::kImage || step.image.empty()) continue;
    const dockerfile::Word& written = step.instruction->arguments.front();
    if (dockerfile.is_defined(dockerfile.graph().text_of(written)) || dockerfile.is_defined(step.image))
      continue;
    if (arguments.is_open(written)) continue;
    const text::Span span = written.span;
    const plan::ImageReference image = plan::read_reference(step.image);
    const bool latest = image.tag.empty() || image.tag == "latest";
    if (image.digest.empty() && !latest) {
      const bool known =
          std::ranges::any_of(tagged, [&](const TaggedImage& one) { return one.step->image == step.image; });
      if (!known) tagged.push_back({&step, image});
      continue;
    }
    if (image.digest.empty()) {
      lint::Diagnostic& diagnostic = reporter.report(
          span,
          image.tag.empty()
              ? fmt::format("{} has no tag, so each build may start from another image", image.name)
              : fmt::format("{} is not pinned to a digest; the tag can move", step.image),
          fmt::format("write {}:VERSION@sha256:…; docker buildx imagetools inspect {} prints the digest",
                      image.name, step.image));
      diagnostic.level = lint::Level::kWarning;
      if (image.tag.empty()) diagnostic.aliases.push_back("DL3006");
      if (image.tag == "latest") diagnostic.aliases.push_back("DL3007");
      continue;
    }
    if (image.tag.empty()) continue;
    const auto [known, fresh] = digests.emplace(fmt::format("{}:{}", image.name, image.tag), image.digest);
    if (fresh || known->second == image.digest) continue;
    reporter
        .report(span,
                fmt::format("{}:{} has another digest above; builders use the digest, so the tag is "
                            "misleading",
                            image.name, image.tag),
                "use the same digest for both, or different tags")
        .level = lint::Level::kWarning;
  }
  report_tagged(tagged, reporter);
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/build/building/best-practices/#pin-base-image-versions"};
constexpr std::string_view kCovers[] = {"DL3006", "DL3007"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC1009",
      .name = "unpinned-base",
      .level = lint::Level::kInfo,
      .summary = "A base image is not pinned to a digest",
      .rationale =
          "A tag can be moved to another image at any time. Then every step of the stage rebuilds "
          "although you changed nothing, on some machines sooner than on others, and the Dockerfile does "
          "not show which image a build starts from. A digest always names the same image; a bot can "
          "keep it up to date. Without a tag, or with `latest`, even the major version may change: this "
          "is a warning for each FROM. All images with another tag are one info for the whole file. The "
          "rule replaces variables by their values. It does not report stages, `scratch`, names that an "
          "ARG without a value decides, and names whose meaning a Compose, bake or Skaffold file decides: "
          "named contexts, and images that the repository builds.",
      .bad = {"FROM ubuntu\nRUN echo hello\n"},
      .good = {"FROM ubuntu:24.04@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
               "RUN echo hello\n"},
      .references = kReferences,
      .covers = kCovers,
      .security_severity = "3.5",
      .check = check};
}

}  // namespace dcache::rules::DC1009
