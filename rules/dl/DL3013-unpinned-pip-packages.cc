#include <algorithm>
#include <vector>

#include "dcache/lint/rule.h"
#include "rules/hadolint.h"
#include "rules/installs.h"

namespace dcache::rules::DL3013 {
namespace {

// What uv takes a value for, in addition to what pip does.
constexpr std::string_view kOptionsOfUv[] = {"--allow-insecure-host",
                                             "--color",
                                             "--config-file",
                                             "--default-index",
                                             "--directory",
                                             "--exclude-newer",
                                             "--extra",
                                             "--from",
                                             "--index",
                                             "--index-strategy",
                                             "--link-mode",
                                             "--override",
                                             "-p",
                                             "-P",
                                             "--prerelease",
                                             "--project",
                                             "--refresh-package",
                                             "--reinstall-package",
                                             "--resolution",
                                             "--torch-backend",
                                             "--upgrade-package",
                                             "--with"};
constexpr std::string_view kUv[] = {"uv"};
constexpr std::string_view kOtherUvInstalls[] = {"python"};
// An archive of what a branch is at.
constexpr std::string_view kBranch =
    "^https?://.*(?:/refs/heads/|/(?:main|master|develop|HEAD)\\.(?:zip|tar\\.gz)$)";

// The tools that install the others: images bring them, and their versions follow that of Python.
bool is_installer(const lint::Run& /*run*/, const shell::Word& package) {
  constexpr std::string_view kInstallers[] = {"pip", "setuptools", "wheel"};
  return std::ranges::find(kInstallers, package.text) != std::end(kInstallers);
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  if (answers_as_hadolint(dockerfile, "DL3013")) {
    report_unpinned(dockerfile, reporter, "pip");
    return;
  }
  const std::span<const Pin> known = package_manager("pip").pins;
  std::vector<Pin> pins(known.begin(), known.end());
  for (Pin& pin : pins)
    pin.loose = kBranch;
  Pin uv = pins.front();
  std::vector<std::string_view> options(uv.options_with_value.begin(), uv.options_with_value.end());
  options.insert(options.end(), std::begin(kOptionsOfUv), std::end(kOptionsOfUv));
  uv.programs = kUv;
  uv.unless = kOtherUvInstalls;
  uv.options_with_value = options;
  pins.push_back(uv);
  report_unpinned(dockerfile, reporter, pins, is_installer);
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3013",
          .name = "unpinned-pip-packages",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`pip install` of packages without a version",
          .rationale =
              "Which version a rebuild installs depends on the day: two images of one commit are different, "
              "and a cached layer keeps the old version until something above it changes. Name the version "
              "with `==`, or list the packages with their versions in a requirements file.\n\npip, "
              "setuptools and wheel need no version. `uv pip install`, `uv tool install` and archives of a "
              "branch count too. The profile `hadolint` reports all of these as hadolint does.",
          .bad = {"FROM python:3.12\n"
                  "RUN pip install --no-cache-dir flask\n"},
          .good = {"FROM python:3.12\n"
                   "RUN pip install --no-cache-dir flask==3.0.3\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3013
