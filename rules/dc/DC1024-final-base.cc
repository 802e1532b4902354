#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/images.h"
#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "rules/final_image.h"

namespace dcache::rules::DC1024 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// Whether a COPY from a stage brings the program to the path.
bool brings(const Instruction& copy, std::string_view program) {
  if (copy.keyword != Keyword::kCopy || copy.find_flag("from") == nullptr || copy.arguments.size() < 2)
    return false;
  const std::string_view destination = copy.arguments.back().text;
  if (destination == program) return true;
  return std::ranges::any_of(copy.arguments.first(copy.arguments.size() - 1),
                             [&](const dockerfile::Word& source) {
                               return text::base_name(source.text) == text::base_name(program) &&
                                      (destination.ends_with('/') ||
                                       text::parent_path(program) == destination || destination == ".");
                             });
}

bool is_program(std::string_view path) {
  return text::base_name(path).find('.') == std::string_view::npos;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const FinalImage& image = final_image(dockerfile);
  const Instruction* starter = image.starter();
  if (starter == nullptr || !starter->json || image.started.empty() ||
      !lint::is_image(lint::ImageKind::kDistribution, image.base))
    return;
  const std::string& program = image.started.front();
  if (!is_program(program)) return;
  const auto is_other = [](const Instruction* one) {
    return one->keyword == Keyword::kRun || one->keyword == Keyword::kShell ||
           one->keyword == Keyword::kAdd || one->keyword == Keyword::kHealthcheck;
  };
  if (std::ranges::any_of(image.instructions, is_other)) return;
  if (std::ranges::none_of(image.instructions, [&](const Instruction* one) { return brings(*one, program); }))
    return;
  reporter.report(image.from->span,
                  fmt::format("the program needs nothing from {}, except perhaps the C library",
                              lint::image_name(image.base)),
                  // Distroless images have another C library than Alpine's.
                  lint::image_name(image.base) == "alpine"
                      ? "if the program is statically linked, start from scratch or gcr.io/distroless/static"
                      : "start from a distroless image, or from scratch if the program is statically linked");
}

constexpr std::string_view kReferences[] = {
    "https://github.com/GoogleContainerTools/distroless",
    "https://docs.docker.com/build/building/best-practices/#choose-the-right-base-image"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC1024",
          .name = "final-base",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kDcache,
          .summary = "The final image contains a whole distribution for one program",
          .rationale =
              "The last stage runs nothing and copies one program from another stage. The shell and the "
              "package manager in its base image are useful only to an attacker, and need updates that "
              "have nothing to do with the program. A distroless image contains a C library, "
              "certificates and time zones; a statically linked program runs from `scratch`. A program "
              "that was built on Alpine uses the C library musl: it runs from a distroless image only if "
              "it is statically linked.",
          .bad = {"FROM rust:1.80 AS build\n"
                  "WORKDIR /src\n"
                  "COPY . .\n"
                  "RUN cargo build --release\n"
                  "FROM debian:12\n"
                  "COPY --from=build /src/target/release/app /usr/local/bin/app\n"
                  "ENTRYPOINT [\"/usr/local/bin/app\"]\n"},
          .good = {"FROM rust:1.80 AS build\n"
                   "WORKDIR /src\n"
                   "COPY . .\n"
                   "RUN cargo build --release\n"
                   "FROM gcr.io/distroless/cc-debian12\n"
                   "COPY --from=build /src/target/release/app /usr/local/bin/app\n"
                   "ENTRYPOINT [\"/usr/local/bin/app\"]\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC1024
