#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "dcache/ignore/matcher.h"
#include "dcache/lint/rule.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "rules/edits.h"

namespace dcache::rules::DC2003 {
namespace {

using ignore::Pattern;

constexpr size_t kMostPatterns = 1000;  // that are compared with each other

bool has_wildcard(std::string_view path) {
  return path.find_first_of("*?[\\") != std::string_view::npos;
}

// Whether a pattern takes all that another one can match.
bool takes_all_of(const Pattern& pattern, const Pattern& other) {
  if (pattern.path == other.path) return true;
  if (pattern.path == ".") return false;  // matches nothing but itself
  if (pattern.path == "*" || pattern.path == "**") return true;
  if (pattern.path.starts_with("**/") && std::string_view(pattern.path).substr(3) == other.path) return true;
  return !has_wildcard(pattern.path) && !has_wildcard(other.path) &&
         text::is_within(other.path, pattern.path);
}

class Check {
 public:
  Check(lint::RelatedFile& related, lint::Reporter& reporter)
      : related_(related), text_(related.text()), reporter_(reporter) {
    if (text_.source().find("\r\n") != std::string_view::npos) eol_ = "\r\n";
  }

  void run() {
    const auto matcher = ignore::Matcher::parse(text_.source());
    if (!matcher) return;
    const auto patterns =
        std::span(matcher->patterns()).first(std::min(matcher->patterns().size(), kMostPatterns));
    for (size_t i = 0; i < patterns.size(); ++i)
      look_at(patterns, i);
  }

 private:
  void look_at(std::span<const Pattern> patterns, size_t index) {
    const Pattern& pattern = patterns[index];
    if (pattern.written.starts_with("//")) {
      report(
          pattern,
          fmt::format("a comment starts with '#': this line matches a file with the name '{}'", pattern.path),
          "write # instead of //", '#' + pattern.written.substr(2));
      return;
    }
    if (const size_t comment = pattern.written.find(" #"); comment != std::string::npos) {
      const std::string alone =
          pattern.written.substr(comment + 1) + eol_ +
          std::string(text::trim_right(std::string_view(pattern.written).substr(0, comment)));
      report(pattern,
             fmt::format("'#' starts a comment only at the start of a line: this line matches a file "
                         "with the name '{}'",
                         pattern.path),
             "put the comment on its own line", alone)
          .fix->unsafe_because = "the pattern before the # then begins to match files";
      return;
    }
    if (const Pattern* covering = covered_by(patterns, index)) {
      report(pattern, fmt::format("'{}' in line {} already decides here", covering->written, covering->line),
             "delete this line", "");
      return;
    }
    if (pattern.exception && takes_nothing_back(patterns, index)) {
      report(pattern, "no pattern above ignores anything, so this exception has no effect",
             "delete this line, or move it below the pattern that it makes an exception to", "");
      return;
    }
    const std::string_view given = std::string_view(pattern.written).substr(pattern.exception ? 1 : 0);
    if (given.find("..") != std::string_view::npos && text::trim(given) != pattern.path) {
      const std::string wanted = (pattern.exception ? "builders read this as '{}'" : "") + pattern.path;
      report(pattern, fmt::format("this reads as '{}'", wanted), fmt::format("write {}", wanted), wanted);
      return;
    }
    if (!pattern.exception) report_depth(pattern);
  }

  // The pattern that makes another one idle: a later one of either kind, or an earlier one of its own kind
  // with no other kind in between.
  static const Pattern* covered_by(std::span<const Pattern> patterns, size_t index) {
    const Pattern& pattern = patterns[index];
    bool same_kind = true;
    for (size_t i = index + 1; i < patterns.size(); ++i) {
      same_kind = same_kind && patterns[i].exception == pattern.exception;
      // Of two that match the same the second is the idle one.
      const bool repeated = same_kind && takes_all_of(pattern, patterns[i]);
      if (!repeated && takes_all_of(patterns[i], pattern)) return &patterns[i];
    }
    for (size_t i = index; i-- > 0 && patterns[i].exception == pattern.exception;) {
      if (takes_all_of(patterns[i], pattern)) return &patterns[i];
    }
    return nullptr;
  }

  static bool takes_nothing_back(std::span<const Pattern> patterns, size_t index) {
    return std::none_of(patterns.begin(), patterns.begin() + static_cast<std::ptrdiff_t>(index),
                        [](const Pattern& one) { return !one.exception; });
  }

  // People who know .gitignore take a name for one at any depth. Names of files that somebody may want in the
  // image are left alone: for these the root alone can be meant.
  void report_depth(const Pattern& pattern) {
    constexpr std::string_view kNeverTracked[] = {"node_modules", "bower_components",
                                                  "__pycache__",  ".venv",
                                                  "venv",         ".tox",
                                                  ".mypy_cache",  ".pytest_cache",
                                                  ".ruff_cache",  ".nyc_output",
                                                  ".gradle",      ".terraform",
                                                  ".DS_Store",    "*.pyc",
                                                  "*.pyo",        ".ipynb_checkpoints"};
    // `./x`, `/x` and `x/` say which one is meant.
    if (text::trim(pattern.written) != pattern.path ||
        std::ranges::find(kNeverTracked, pattern.path) == std::end(kNeverTracked))
      return;
    const lint::BuildContext* context = related_.build_context();
    if (context == nullptr) return;
    for (const context::Record& record : context->files.records()) {
      if (record.path.find('/') == std::string::npos) continue;
      if (!text::glob_match(pattern.path, text::base_name(record.path))) continue;
      report(pattern, fmt::format("this matches only at the root of the context, not {}", record.path),
             fmt::format("write **/{} to match at any depth", pattern.path));
      return;
    }
  }

  lint::Diagnostic& report(const Pattern& pattern, std::string message, std::string remedy) {
    return reporter_.report(place_of(pattern), std::move(message), std::move(remedy));
  }

  // With a fix that writes `instead` in the place of the line, or takes the line out.
  lint::Diagnostic& report(const Pattern& pattern, std::string message, std::string remedy,
                           const std::string& instead) {
    lint::Diagnostic& diagnostic = report(pattern, std::move(message), remedy);
    const text::Span line = text_.lines().line_span(pattern.line);
    diagnostic.fix = replace(instead.empty() ? line : diagnostic.span, instead, std::move(remedy));
    return diagnostic;
  }

  // The line without the blanks around it.
  text::Span place_of(const Pattern& pattern) const {
    const text::Span line = text_.lines().line_span(pattern.line);
    const std::string_view written = line.of(text_.source());
    const std::string_view shown = text::trim(written);
    const auto begin = line.begin + static_cast<uint32_t>(shown.data() - written.data());
    return {begin, begin + static_cast<uint32_t>(shown.size())};
  }

  lint::RelatedFile& related_;
  text::Document text_;
  std::string eol_ = "\n";
  lint::Reporter& reporter_;
};

void check(lint::RelatedFile& related, lint::Reporter& reporter) {
  Check(related, reporter).run();
}

constexpr lint::RelatedFileKind kAbout[] = {lint::RelatedFileKind::kIgnoreFile};
constexpr lint::ExampleFile kFiles[] = {{"src/debug.log", "…\n"}};
constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/concepts/context/#syntax"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC2003",
          .name = "ignore-dead-pattern",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kDcache,
          .fix = lint::FixKind::kSafe,
          .summary = "A pattern in an ignore file has no effect, or not the effect that it seems to have",
          .rationale =
              "If several patterns match a path, the last one decides. A pattern without a slash matches "
              "only at the root of the context, while `.gitignore` would match at any depth. A pattern "
              "that is overridden, an exception to nothing, a comment after a pattern and a path with "
              "`..` in it seem to have an effect, but have none, or another one.\n\nA name without a slash "
              "is reported only if "
              "it is never part of a repository, such as `node_modules` and `__pycache__`, and only if a "
              "folder in the context contains one. A pattern that matches no file today is not reported: "
              "it may be for later.",
          .fix_note =
              "Deletes lines without effect, and writes others as builders read them. The same files are "
              "ignored after the fix, so a pattern that matches only at the root is not changed. The fix "
              "is unsafe for a comment after a pattern, since the pattern then begins to match.",
          .bad = {"*.log\ndist\ndist/cache\n", kFiles},
          .good = {"*.log\ndist\n", kFiles},
          .references = kReferences,
          .check_related = check,
          .about = kAbout};
}

}  // namespace dcache::rules::DC2003
