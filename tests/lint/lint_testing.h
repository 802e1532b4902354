// Linting of texts, for tests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dcache/dockerfile/parser.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "dcache/lint/fixes.h"
#include "tests/run_program.h"

namespace dcache::test {

// A folder with files, as rules see it, with the build that its definitions mean for the Dockerfile.
inline lint::BuildFacts facts_of(const TemporaryFolder& folder) {
  const auto files = [&folder](const plan::Graph*) -> std::shared_ptr<const lint::BuildContext> {
    auto ignore = cache::load_ignore_file(folder / "Dockerfile", folder.path());
    return ignore ? lint::read_build_context(folder.path(), std::move(*ignore)) : nullptr;
  };
  const auto image = [&folder]() -> std::shared_ptr<const project::Image> {
    const auto images = project::ImageFinder({}).defined(folder / "Dockerfile");
    return images.empty() ? nullptr : std::make_shared<const project::Image>(images.front());
  };
  const auto built_on = [&folder] { return project::ImageFinder({}).built_on(folder / "Dockerfile"); };
  return lint::BuildFacts(
      {.files = files, .image = image, .built_on = built_on, .dockerfile = folder / "Dockerfile"});
}

// Each unsafe fix says why it is unsafe, as a clause that can follow "unsafe: ".
inline void expect_reasons(const lint::Findings& findings) {
  constexpr size_t kLongest = 240;
  for (const lint::Diagnostic& diagnostic : findings.diagnostics) {
    if (!diagnostic.fix || diagnostic.fix->is_safe()) continue;
    const std::string& reason = diagnostic.fix->unsafe_because;
    EXPECT_FALSE(reason.starts_with(' ') || reason.ends_with('.') || reason.ends_with(' ')) << reason;
    EXPECT_LE(reason.size(), kLongest) << reason;
    EXPECT_NE(reason.find(' '), std::string::npos) << reason;
    EXPECT_EQ(reason.find("unsafe"), std::string::npos) << reason;
    EXPECT_EQ(reason.find('{'), std::string::npos) << reason;
  }
}

inline lint::Config config_selecting(std::vector<std::string> rules) {
  lint::Config config;
  config.select = std::move(rules);
  return config;
}

// "CODE:line" of each finding.
inline std::vector<std::string> findings(const std::string& text, const lint::Config& config,
                                         const lint::BuildFacts& facts = {}) {
  const lint::Linter linter(lint::catalogue(), config);
  const dockerfile::File file = dockerfile::parse(text);
  std::vector<std::string> found;
  const lint::Findings findings = linter.lint(file, facts);
  expect_reasons(findings);
  for (const lint::Diagnostic& diagnostic : findings.diagnostics) {
    found.push_back(std::string(diagnostic.rule) + ":" +
                    std::to_string(file.lines().line_of(diagnostic.span.begin)));
  }
  return found;
}

// The file in the folder that a rule about such files is tried on.
inline std::string related_path(lint::RelatedFileKind kind, const TemporaryFolder& folder) {
  if (kind == lint::RelatedFileKind::kIgnoreFile) return folder / ".dockerignore";
  return folder /
         (kind == lint::RelatedFileKind::kWorkflow ? ".github/workflows/image.yml" : ".gitlab-ci.yml");
}

// The same, in a repository whose root is the folder.
inline lint::BuildFacts facts_in_project(const TemporaryFolder& folder) {
  const auto use = [&folder] {
    return std::make_shared<const lint::IgnoreFileUse>(project::read_project(folder.path(), {}),
                                                       context::disk());
  };
  const auto files = facts_of(folder);
  return lint::BuildFacts(
      {.files = [files](const plan::Graph* graph) { return files.build_context(graph); }, .ignore_use = use});
}

// The same of a file next to a Dockerfile; `place` is where it is in the folder, if that is not usual.
inline std::vector<std::string> findings_beside(lint::RelatedFileKind kind, const std::string& text,
                                                const lint::Config& config, const TemporaryFolder& folder,
                                                const std::string& place = "") {
  const lint::Linter linter(lint::catalogue(), config);
  const std::string path = place.empty() ? related_path(kind, folder) : folder / place;
  if (kind == lint::RelatedFileKind::kIgnoreFile) folder.write(place.empty() ? ".dockerignore" : place, text);
  lint::RelatedFile related(kind, path, text, facts_in_project(folder));
  std::vector<std::string> found;
  const lint::Findings findings = linter.lint(related);
  expect_reasons(findings);
  for (const lint::Diagnostic& diagnostic : findings.diagnostics) {
    found.push_back(std::string(diagnostic.rule) + ":" +
                    std::to_string(related.text().lines().line_of(diagnostic.span.begin)));
  }
  return found;
}

inline std::string fixed(const std::string& text, const lint::Config& config,
                         const lint::BuildFacts& facts = {}, bool unsafe = false) {
  const lint::Linter linter(lint::catalogue(), config);
  return lint::apply_fixes(linter, text, facts, unsafe).text;
}

}  // namespace dcache::test
