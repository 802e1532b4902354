// A rule: what it is called, why it exists, examples, and the check itself.
//
// Each rule is a file below rules/ that defines one function returning its Rule; the build collects them in
// rules::all(). The metadata is the user documentation: `dcache rules CODE` and docs/rules/ are made from it,
// and the tests run every example.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/lint/diagnostic.h"
#include "dcache/lint/dockerfile.h"
#include "dcache/lint/related_file.h"

namespace dcache::lint {

enum class Origin : uint8_t { kDcache, kBuildkit, kHadolint };
enum class FixKind : uint8_t { kNone, kSafe, kUnsafe };

struct ExampleFile {
  std::string_view path;
  std::string_view content;
  uint64_t size = 0;  // bytes, if it is larger than its content; zeros follow
};
struct Example {
  std::string_view dockerfile;              // for a rule about related_files the text of such a file
  std::span<const ExampleFile> files = {};  // around it, for rules that look at the context
  std::string_view config = {};  // the text of .dcache.toml, for rules that have something to configure
};

// Takes the findings of one rule.
class Reporter {
 public:
  Reporter(std::string_view rule, std::string_view name, Level level, std::vector<Diagnostic>& out)
      : rule_(rule), name_(name), level_(level), out_(out) {}

  // The finding can be completed until the next one is reported.
  Diagnostic& report(text::Span span, std::string message, std::string remedy) {
    Diagnostic diagnostic;
    diagnostic.rule = rule_;
    diagnostic.name = name_;
    diagnostic.level = level_;
    diagnostic.span = span;
    diagnostic.message = std::move(message);
    diagnostic.remedy = std::move(remedy);
    return out_.emplace_back(std::move(diagnostic));
  }

 private:
  std::string_view rule_;
  std::string_view name_;
  Level level_;
  std::vector<Diagnostic>& out_;
};

struct Rule {
  std::string_view code;
  std::string_view name;  // a slug for our own, the catalogue's name for others
  Level level = Level::kWarning;
  Origin origin = Origin::kDcache;
  FixKind fix = FixKind::kNone;
  bool on_by_default = true;
  // Why the default profile leaves the rule out, though it is on in that of its origin; empty where it does
  // not.
  std::string_view not_in_default = {};
  bool experimental = false;       // on where `# check=experimental=` names it
  bool whole_file = false;         // a `# check=` comment above an instruction does not switch it off
  std::string_view summary;        // one sentence
  std::string_view rationale;      // Markdown
  std::string_view fix_note = {};  // what the fix does and when it is unsafe
  Example bad;                     // gives the finding
  Example good;                    // does not
  std::span<const std::string_view> references =
      {};  // in addition to the page of the catalogue that it comes from
  std::span<const std::string_view> covers = {};  // rules that this one covers in the default profile
  // How bad it is where somebody means harm, from "0.1" to "10.0" as CVSS counts; empty for what is not a
  // matter of security. Code scanning shows it.
  std::string_view security_severity = {};
  bool needs_buildkit = false;  // asks for what the classic builder does not have, and keeps quiet for it
  // One of the two: for a rule about Dockerfiles, or about the files of `about`.
  void (*check)(Dockerfile& dockerfile, Reporter& reporter) = nullptr;
  void (*check_related)(RelatedFile& related, Reporter& reporter) = nullptr;
  std::span<const RelatedFileKind> about = {};
};

// Where to read more: the page of the rule in the catalogue it comes from, and its own references.
std::vector<std::string> references_of(const Rule& rule);

}  // namespace dcache::lint
