#include "dcache/lint/fixes.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/dockerfile/parser.h"
#include "dcache/lint/fix_check.h"
#include "dcache/lint/ignore_comment.h"
#include "dcache/plan/graph.h"

namespace dcache::lint {
namespace {

constexpr int kMostRounds = 10;

// Edits that can be made together.
class EditSet {
 public:
  bool fits(const text::Edit& edit) const {
    // None of them overlap, so that it is enough to look at those around.
    auto at = edits_.lower_bound({edit.span.begin, 0});
    if (at != edits_.begin() && !text::compatible(std::prev(at)->second, edit)) return false;
    for (; at != edits_.end() && at->first.first <= edit.span.end; ++at) {
      if (!text::compatible(at->second, edit)) return false;
    }
    return true;
  }

  void add(const std::vector<text::Edit>& edits) {
    for (const text::Edit& edit : edits)
      edits_.emplace(std::pair(edit.span.begin, edit.span.end), edit);
  }

 private:
  std::multimap<std::pair<uint32_t, uint32_t>, text::Edit> edits_;
};

using ChosenDiagnostics = std::vector<const Diagnostic*>;

std::vector<const Fix*> fixes_of(const ChosenDiagnostics& chosen) {
  std::vector<const Fix*> fixes;
  for (const Diagnostic* diagnostic : chosen)
    fixes.push_back(&*diagnostic->fix);
  return fixes;
}

std::string with_fixes(std::string_view text, const ChosenDiagnostics& chosen) {
  std::vector<text::Edit> edits;
  for (const Diagnostic* diagnostic : chosen)
    edits.insert(edits.end(), diagnostic->fix->edits.begin(), diagnostic->fix->edits.end());
  return text::apply(text, std::move(edits));
}

// Takes as many out of `waiting` as can be made together. Of those that write the same file only one can.
ChosenDiagnostics take_compatible(ChosenDiagnostics& waiting) {
  EditSet edits;
  std::set<std::string_view> new_files;
  ChosenDiagnostics taken;
  std::erase_if(waiting, [&](const Diagnostic* diagnostic) {
    const Fix& fix = *diagnostic->fix;
    const auto fits = [&](const text::Edit& edit) { return edits.fits(edit); };
    if (!std::ranges::all_of(fix.edits, fits)) return false;
    if (!fix.new_file.empty() && !new_files.insert(fix.new_file).second) return false;
    edits.add(fix.edits);
    taken.push_back(diagnostic);
    return true;
  });
  return taken;
}

std::optional<std::string> undeclared_effect_of(const dockerfile::File& file,
                                                const ChosenDiagnostics& chosen) {
  return undeclared_effect(file, fixes_of(chosen), dockerfile::parse(with_fixes(file.source(), chosen)));
}

// What is wrong with the text that the fixes give together; nothing if it is what they say, and plans.
std::optional<std::string> problem_with(const dockerfile::File& file, plan::Builder builder,
                                        const ChosenDiagnostics& chosen) {
  const dockerfile::File after = dockerfile::parse(with_fixes(file.source(), chosen));
  if (auto effect = undeclared_effect(file, fixes_of(chosen), after)) return effect;
  const std::vector<plan::Error> errors = plan::build_graph(after, {.builder = builder}).errors;
  if (errors.empty() || errors.size() <= plan::build_graph(file, {.builder = builder}).errors.size())
    return std::nullopt;
  return fmt::format("builders would refuse the file: {}", errors.front().message);
}

// The fixes that break their word when they are made alone. They are looked at together first: one is hardly
// ever bad.
void find_bad(const dockerfile::File& file, const ChosenDiagnostics& chosen,
              std::map<const Diagnostic*, std::string>& bad) {
  auto problem = undeclared_effect_of(file, chosen);
  if (!problem) return;
  if (chosen.size() == 1) {
    bad.emplace(chosen.front(), std::move(*problem));
    return;
  }
  const auto middle = chosen.begin() + static_cast<std::ptrdiff_t>(chosen.size() / 2);
  find_bad(file, ChosenDiagnostics(chosen.begin(), middle), bad);
  find_bad(file, ChosenDiagnostics(middle, chosen.end()), bad);
}

// A file while its fixes are made, and what is asked about its text.
class Fixer {
 public:
  struct Questions {
    std::function<Findings(const std::string& text)> lint;
    // Why the fixes can't be made together, nothing if they can.
    std::function<std::optional<std::string>(const std::string& text, const ChosenDiagnostics& chosen)>
        conflict;
  };

  Fixer(Questions questions, std::string text, bool unsafe)
      : ask_(std::move(questions)), unsafe_(unsafe), text_(std::move(text)), findings_(ask_.lint(text_)) {}

  FixedText run() && {
    result_.bad_fixes = findings_.bad_fixes;
    for (int round = 0; round < kMostRounds && findings_.parses; ++round) {
      const ChosenDiagnostics chosen = choose();
      if (chosen.empty()) break;
      attempt(chosen);
    }
    result_.text = std::move(text_);
    return std::move(result_);
  }

 private:
  // A fix that did not hold is known by its finding again, wherever that is by then.
  using Name = std::pair<std::string_view, std::string>;
  static Name name_of(const Diagnostic& diagnostic) { return {diagnostic.rule, diagnostic.message}; }

  bool is_wanted(const Diagnostic& diagnostic) const {
    if (!diagnostic.fix || (!diagnostic.fix->is_safe() && !unsafe_)) return false;
    const Fix& fix = *diagnostic.fix;
    const bool written = std::ranges::any_of(
        result_.new_files, [&](const Fix& other) { return other.new_file == fix.new_file; });
    const bool empty = fix.edits.empty() && fix.new_file.empty();
    return !empty && (fix.new_file.empty() || !written) && !refused_.contains(name_of(diagnostic));
  }

  // The first of the file and as many others as go with it. One that can't be made even alone is refused.
  ChosenDiagnostics choose() {
    while (true) {
      ChosenDiagnostics waiting;
      for (const Diagnostic& diagnostic : findings_.diagnostics) {
        if (is_wanted(diagnostic)) waiting.push_back(&diagnostic);
      }
      if (waiting.empty()) return {};
      ChosenDiagnostics chosen;
      add_fitting(take_compatible(waiting), chosen);
      if (!chosen.empty()) return chosen;
      for (const Diagnostic& diagnostic : findings_.diagnostics) {
        if (!is_wanted(diagnostic)) continue;
        if (auto problem = ask_.conflict(text_, {&diagnostic})) refuse(diagnostic, std::move(*problem));
      }
    }
  }

  void add_fitting(const ChosenDiagnostics& more, ChosenDiagnostics& chosen) const {
    if (more.empty()) return;
    ChosenDiagnostics both = chosen;
    both.insert(both.end(), more.begin(), more.end());
    if (!ask_.conflict(text_, both)) {
      chosen = std::move(both);
    } else if (more.size() > 1) {
      const auto middle = more.begin() + static_cast<std::ptrdiff_t>(more.size() / 2);
      add_fitting(ChosenDiagnostics(more.begin(), middle), chosen);
      add_fitting(ChosenDiagnostics(middle, more.end()), chosen);
    }
  }

  void attempt(const ChosenDiagnostics& chosen) {
    std::string next = with_fixes(text_, chosen);
    Findings found = ask_.lint(next);
    if (!harm(chosen, found, next)) return accept(chosen, std::move(next), std::move(found));
    const size_t refused_before = refused_.size();
    for (const Diagnostic* one : chosen) {
      const std::string alone = with_fixes(text_, {one});
      if (auto problem = harm({one}, ask_.lint(alone), alone)) refuse(*one, std::move(*problem));
    }
    if (refused_.size() > refused_before) return;
    next = with_fixes(text_, {chosen.front()});
    found = ask_.lint(next);
    accept({chosen.front()}, std::move(next), std::move(found));
  }

  void refuse(const Diagnostic& diagnostic, std::string problem) {
    refused_.insert(name_of(diagnostic));
    const text::LineIndex lines(text_);
    result_.bad_fixes.push_back({diagnostic.rule, lines.line_of(diagnostic.span.begin), std::move(problem)});
  }

  void accept(const ChosenDiagnostics& chosen, std::string next, Findings found) {
    for (const Diagnostic* diagnostic : chosen) {
      if (!diagnostic->fix->new_file.empty()) result_.new_files.push_back(*diagnostic->fix);
    }
    result_.fixed += chosen.size();
    text_ = std::move(next);
    findings_ = std::move(found);
  }

  struct Tally {
    int count = 0;
    Level level = Level::kStyle;
  };
  // Findings of a rule that say the same of the same text. Numbers of lines do not count, since they move.
  using Place = std::pair<std::string_view, std::string>;

  static Place place_of(const Diagnostic& diagnostic, std::string_view text) {
    std::string said = fmt::format("{}\n{}", diagnostic.span.of(text), diagnostic.message);
    std::erase_if(said, [](char c) { return c >= '0' && c <= '9'; });
    return {diagnostic.rule, std::move(said)};
  }

  static std::map<std::string_view, Tally> tally(const Findings& findings) {
    std::map<std::string_view, Tally> tallies;
    for (const Diagnostic& diagnostic : findings.diagnostics) {
      Tally& of_rule = tallies[diagnostic.rule];
      ++of_rule.count;
      of_rule.level = std::max(of_rule.level, diagnostic.level);
    }
    return tallies;
  }

  static std::map<Place, int> count_by_place(const Findings& findings, std::string_view text) {
    std::map<Place, int> counts;
    for (const Diagnostic& diagnostic : findings.diagnostics)
      ++counts[place_of(diagnostic, text)];
    return counts;
  }

  // What is worse with the fixes, or not better, by the findings that are left in the text that they give.
  std::optional<std::string> harm(const ChosenDiagnostics& chosen, const Findings& after,
                                  const std::string& text) const {
    if (!after.parses) return "builders would refuse the file";
    const auto left = count_by_place(after, text);
    auto expected = count_by_place(findings_, text_);
    Level highest = Level::kStyle;
    for (const Diagnostic* diagnostic : chosen) {
      highest = std::max(highest, diagnostic->level);
      // A finding about a file that is yet to be written stays.
      if (diagnostic->fix->new_file.empty()) --expected[place_of(*diagnostic, text_)];
    }
    for (const Diagnostic* diagnostic : chosen) {
      const Place place = place_of(*diagnostic, text_);
      const auto found = left.find(place);
      if (found != left.end() && found->second > expected.at(place))
        return fmt::format("{} would still be reported", diagnostic->rule);
    }
    const auto before = tally(findings_);
    for (const auto& [rule, of_rule] : tally(after)) {
      const auto known = before.find(rule);
      if (of_rule.level > highest && (known == before.end() || of_rule.count > known->second.count))
        return fmt::format("{} would be reported instead", rule);
    }
    return std::nullopt;
  }

  Questions ask_;
  bool unsafe_;
  std::string text_;
  Findings findings_;  // of the text
  std::set<Name> refused_;
  FixedText result_;
};

// The place of a comment, and a rule that it silences.
struct ToSilence {
  uint32_t place = 0;
  std::string code;
};
using FindToSilence = std::function<std::vector<ToSilence>(const std::string& text)>;

std::vector<ToSilence> to_silence(const IgnoreComments& comments, const Findings& findings) {
  std::vector<ToSilence> all;
  for (const Diagnostic& diagnostic : findings.diagnostics) {
    if (const auto place = comments.place_of(diagnostic))
      all.push_back({*place, std::string(diagnostic.rule)});
  }
  return all;
}

// What one comment silences.
struct SilenceComment {
  Diagnostic* first = nullptr;  // of the highest level; its fix is the comment
  std::vector<std::string> codes;

  bool add(std::string_view code) {
    if (std::ranges::find(codes, code) != codes.end()) return false;
    codes.emplace_back(code);
    return true;
  }
};
using SilencedByPlace = std::map<uint32_t, SilenceComment>;

std::vector<text::Edit> comments_for(const IgnoreComments& comments, std::string_view reason,
                                     const SilencedByPlace& places) {
  std::vector<text::Edit> edits;
  for (const auto& [place, silenced] : places) {
    const std::vector<std::string_view> codes(silenced.codes.begin(), silenced.codes.end());
    edits.push_back(comments.comment(place, codes, reason));
  }
  return edits;
}

// Adds what is found at the same places only once the comments are there, such as findings that a silenced
// one covers.
void add_uncovered(const IgnoreComments& comments, std::string_view reason, const std::string& text,
                   const FindToSilence& find, SilencedByPlace& places) {
  for (bool more = !places.empty(); more;) {
    const std::vector<text::Edit> edits = comments_for(comments, reason, places);
    std::map<uint32_t, SilenceComment*> moved;
    uint32_t inserted = 0;
    size_t i = 0;
    for (auto& [place, silenced] : places) {
      inserted += static_cast<uint32_t>(edits[i++].replacement.size());
      moved[place + inserted] = &silenced;
    }
    more = false;
    for (const ToSilence& one : find(text::apply(text, edits))) {
      const auto known = moved.find(one.place);
      if (known != moved.end() && known->second->add(one.code)) more = true;
    }
  }
}

// Makes of each finding's fix the comment that silences it. Those that one comment can silence have it
// together. `find` says the same of another text.
void replace_fixes(const IgnoreComments& comments, std::string_view reason, const std::string& text,
                   const FindToSilence& find, Findings& findings) {
  SilencedByPlace places;
  for (Diagnostic& diagnostic : findings.diagnostics) {
    diagnostic.fix.reset();
    const auto place = comments.place_of(diagnostic);
    if (!place) continue;
    SilenceComment& silenced = places[*place];
    silenced.add(diagnostic.rule);
    if (silenced.first == nullptr || diagnostic.level > silenced.first->level) silenced.first = &diagnostic;
  }
  add_uncovered(comments, reason, text, find, places);
  std::vector<text::Edit> edits = comments_for(comments, reason, places);
  size_t i = 0;
  for (const auto& [place, silenced] : places) {
    Fix& fix = silenced.first->fix.emplace();
    fix.description = "Silence it";
    fix.edits = {std::move(edits[i++])};
  }
}

using Lint = std::function<Findings(const std::string& text)>;

// What is found in a text, with the comments that silence it as fixes. The arguments have to outlive it.
Lint silence_dockerfiles(const Linter& linter, const BuildFacts& facts, std::string_view reason) {
  return [&linter, &facts, reason](const std::string& text) {
    const dockerfile::File file = dockerfile::parse(text);
    Findings findings = linter.lint(file, facts);
    const FindToSilence find = [&](const std::string& other) {
      const dockerfile::File now = dockerfile::parse(other);
      return to_silence(IgnoreComments(now), linter.lint(now, facts));
    };
    replace_fixes(IgnoreComments(file), reason, text, find, findings);
    return findings;
  };
}

// What is found in a file next to a Dockerfile, with its fixes; with a reason, with such comments in their
// place.
Lint lint_related(const Linter& linter, RelatedFileKind kind, const std::string& path,
                  const BuildFacts& facts, const context::FileSystem& files,
                  std::optional<std::string_view> reason = std::nullopt) {
  return [&linter, kind, &path, &facts, &files, reason](const std::string& text) {
    RelatedFile related(kind, path, text, facts, files);
    Findings findings = linter.lint(related);
    const FindToSilence find = [&](const std::string& other) {
      RelatedFile now(kind, path, other, facts, files);
      return to_silence(IgnoreComments(kind, now.text()), linter.lint(now));
    };
    if (reason) replace_fixes(IgnoreComments(kind, related.text()), *reason, text, find, findings);
    return findings;
  };
}

FixedText run_fixer(plan::Builder builder, const Lint& lint, std::string text, bool unsafe) {
  const auto conflict = [&](const std::string& now, const ChosenDiagnostics& chosen) {
    return problem_with(dockerfile::parse(now), builder, chosen);
  };
  return Fixer({lint, conflict}, std::move(text), unsafe).run();
}

// Of a file next to a Dockerfile.
FixedText run_fixer(const Lint& lint, std::string text, bool unsafe) {
  const auto conflict = [](const std::string&, const ChosenDiagnostics&) {
    return std::optional<std::string>();
  };
  return Fixer({lint, conflict}, std::move(text), unsafe).run();
}

// How many findings are gone. New ones, such as those about comments, count for nothing.
size_t count_gone(const Findings& before, const Findings& after) {
  std::map<std::string_view, size_t> left;
  for (const Diagnostic& diagnostic : after.diagnostics)
    ++left[diagnostic.rule];
  return static_cast<size_t>(std::ranges::count_if(before.diagnostics, [&](const Diagnostic& diagnostic) {
    size_t& of_rule = left[diagnostic.rule];
    if (of_rule == 0) return true;
    --of_rule;
    return false;
  }));
}

void silence(FixedText silenced, const Lint& lint, FixedText& fixed) {
  // One comment may silence several.
  fixed.silenced = count_gone(lint(fixed.text), lint(silenced.text));
  fixed.text = std::move(silenced.text);
  std::ranges::move(silenced.bad_fixes, std::back_inserter(fixed.bad_fixes));
}

}  // namespace

void withdraw_bad_fixes(const dockerfile::File& file, Findings& findings) {
  ChosenDiagnostics waiting;
  for (const Diagnostic& diagnostic : findings.diagnostics) {
    if (diagnostic.fix && !diagnostic.fix->edits.empty()) waiting.push_back(&diagnostic);
  }
  std::map<const Diagnostic*, std::string> bad;
  while (!waiting.empty())
    find_bad(file, take_compatible(waiting), bad);
  if (bad.empty()) return;
  for (Diagnostic& diagnostic : findings.diagnostics) {
    const auto found = bad.find(&diagnostic);
    if (found == bad.end()) continue;
    findings.bad_fixes.push_back(
        {diagnostic.rule, file.lines().line_of(diagnostic.span.begin), std::move(found->second)});
    diagnostic.fix.reset();
  }
}

FixedText apply_fixes(const Linter& linter, std::string text, const BuildFacts& facts, bool unsafe,
                      const WantsFix& wants) {
  const Lint lint = [&](const std::string& now) {
    const dockerfile::File file = dockerfile::parse(now);
    Findings findings = linter.lint(file, facts);
    for (Diagnostic& diagnostic : findings.diagnostics) {
      if (wants && diagnostic.fix && !wants(file, diagnostic)) diagnostic.fix.reset();
    }
    return findings;
  };
  return run_fixer(builder_for(linter.config(), facts), lint, std::move(text), unsafe);
}

FixedText apply_fixes(const Linter& linter, RelatedFileKind kind, const std::string& path, std::string text,
                      const BuildFacts& facts, bool unsafe, const context::FileSystem& files) {
  return run_fixer(lint_related(linter, kind, path, facts, files), std::move(text), unsafe);
}

void add_ignores(const Linter& linter, const BuildFacts& facts, std::string_view reason, FixedText& fixed) {
  const Lint lint = silence_dockerfiles(linter, facts, reason);
  silence(run_fixer(builder_for(linter.config(), facts), lint, fixed.text, false), lint, fixed);
}

void add_ignores(const Linter& linter, RelatedFileKind kind, const std::string& path, const BuildFacts& facts,
                 std::string_view reason, FixedText& fixed, const context::FileSystem& files) {
  const Lint lint = lint_related(linter, kind, path, facts, files, reason);
  silence(run_fixer(lint, fixed.text, false), lint, fixed);
}

}  // namespace dcache::lint
