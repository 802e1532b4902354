#include "dcache/dockerfile/parser.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "dcache/dockerfile/check.h"
#include "dcache/dockerfile/expand.h"
#include "dcache/dockerfile/words.h"
#include "dcache/text/unicode.h"

namespace dcache::dockerfile {
namespace {

// ONBUILD ONBUILD … is refused, but has to be read first; deeper nesting is left unread.
constexpr int kDeepestOnbuild = 16;

std::string_view without_line_end(std::string_view line) {
  const size_t last = line.find_last_not_of("\r\n");
  return line.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

bool is_comment(std::string_view line) {
  return text::trim_left(line).starts_with('#');
}

struct DirectiveLine {
  std::string_view name;
  std::string_view value;
};

// `# name = value`; Go's `\s` is meant by white space here.
std::optional<DirectiveLine> read_directive(std::string_view line) {
  constexpr std::string_view kSpace = "\t\n\f\r ";
  const auto skip_space = [&](size_t from) {
    return std::min(line.find_first_not_of(kSpace, from), line.size());
  };
  if (!line.starts_with('#')) return std::nullopt;
  const size_t begin = skip_space(1);
  size_t end = begin;
  while (end < line.size() && line[end] > 0 &&
         (text::is_letter(static_cast<unsigned char>(line[end])) ||
          (end > begin && text::is_digit(static_cast<unsigned char>(line[end]))))) {
    ++end;
  }
  if (end == begin) return std::nullopt;
  const size_t equals = skip_space(end);
  if (equals >= line.size() || line[equals] != '=') return std::nullopt;
  if (equals + 1 == line.size()) return std::nullopt;
  const size_t value = std::min(skip_space(equals + 1), line.size() - 1);
  const size_t last = std::max(line.find_last_not_of(kSpace), value);
  return DirectiveLine{line.substr(begin, end - begin), line.substr(value, last + 1 - value)};
}

// A heredoc word such as `3<<-"EOF"` or `<< EOF`, or nothing.
std::optional<Heredoc> read_heredoc_word(std::string_view word, text::Arena& arena) {
  const size_t digits = std::min(word.find_first_not_of("0123456789"), word.size());
  std::string_view rest = word.substr(digits);
  if (!rest.starts_with("<<")) return std::nullopt;
  rest.remove_prefix(2);
  Heredoc heredoc;
  heredoc.chomp = rest.starts_with('-');
  if (heredoc.chomp) rest.remove_prefix(1);
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r"), rest.size()));
  if (rest.empty() || rest.find('<') != std::string_view::npos) return std::nullopt;
  const Lookup unset = [](std::string_view) { return std::nullopt; };
  const auto plain = expand_words(rest, unset, {.keep_unset = true});
  if (!plain || plain->size() != 1) return std::nullopt;
  const auto raw = expand_words(rest, unset, {.keep_quotes = true, .keep_unset = true});
  if (!raw || raw->size() != 1) return std::nullopt;
  heredoc.name = arena.copy(plain->front().text);
  const auto quotes = [](std::string_view text) {
    return std::ranges::count(text, '\'') + std::ranges::count(text, '"');
  };
  heredoc.expand = quotes(plain->front().text) == quotes(raw->front().text);
  std::from_chars(word.data(), word.data() + digits, heredoc.file_descriptor);
  return heredoc;
}

}  // namespace

class Parser {
 public:
  explicit Parser(std::string source) : file_(std::move(source)), source_(file_.source()) {}

  File run() {
    if (source_.starts_with(text::kByteOrderMark)) at_ = text::kByteOrderMark.size();
    while (const auto line = next_line())
      read_logical_line(*line);
    if (file_.instructions_.empty() && file_.errors_.empty()) {
      const auto end = static_cast<uint32_t>(source_.size());
      fail({end, end}, std::max(line_, 1U), "the file contains no instruction",
           "a Dockerfile starts with FROM, or with ARG and then FROM");
    }
    check_instructions(file_, file_.errors_);
    std::stable_sort(file_.errors_.begin(), file_.errors_.end(),
                     [](const Error& a, const Error& b) { return a.span.begin < b.span.begin; });
    return std::move(file_);
  }

 private:
  // The next physical line with its newline.
  std::optional<std::string_view> next_line() {
    if (at_ >= source_.size()) return std::nullopt;
    const size_t newline = source_.find('\n', at_);
    const size_t end = newline == std::string_view::npos ? source_.size() : newline + 1;
    const std::string_view line = source_.substr(at_, end - at_);
    at_ = end;
    ++line_;
    const size_t length = line.size() - (newline == std::string_view::npos ? 0 : 1);
    if (length > kLongestLine) {
      fail(span_of(line), line_,
           fmt::format("the line is {} bytes long; builders read at most {}", length, kLongestLine),
           "split it with line continuations, or move the text into a file");
    }
    return line;
  }

  void read_logical_line(std::string_view physical) {
    const std::string_view line = text::trim_left(without_line_end(physical));
    const uint32_t first_line = line_;
    const bool comment = line.starts_with('#');
    read_directive_line(physical, line);
    if (comment) add_comment(line);
    if (comment || line.empty()) return;

    segments_.clear();
    std::string_view joined = line;
    std::string_view last = line;
    const auto head = continued(line);
    if (!head) {
      segments_.push_back({0, offset_of(line)});
    } else {
      joined = join_lines(*head, last);
    }
    add_instruction(joined, span_of(line).begin, offset_of(last) + static_cast<uint32_t>(last.size()),
                    first_line);
  }

  // The part before a continuation character at the end of a line; nothing if there is none. A doubled
  // character is none.
  std::optional<std::string_view> continued(std::string_view line) const {
    const size_t last = line.find_last_not_of(" \t");
    if (last == std::string_view::npos || line[last] != file_.escape_) return std::nullopt;
    if (last > 0 && line[last - 1] == file_.escape_) return std::nullopt;
    return line.substr(0, last);
  }

  // Appends the lines that continue `head`; `last` becomes the last of them.
  std::string_view join_lines(std::string_view head, std::string_view& last) {
    joined_.clear();
    const auto append = [&](std::string_view part) {
      if (part.empty()) return;
      segments_.push_back({static_cast<uint32_t>(joined_.size()), offset_of(part)});
      joined_ += part;
    };
    append(head);
    bool more = true;
    while (more) {
      const auto physical = next_line();
      if (!physical) break;
      const std::string_view line = without_line_end(*physical);
      last = line;
      if (is_comment(line)) {
        add_comment(text::trim_left(line));
        continue;
      }
      if (text::trim_left(line).empty()) continue;
      const auto part = continued(line);
      append(part.value_or(line));
      more = part.has_value();
    }
    if (segments_.empty()) segments_.push_back({0, offset_of(head)});
    return file_.arena_.copy(joined_);
  }

  // BuildKit reads directives twice. Its parser reads `escape`, and directives may be indented there. For
  // `syntax` and `check` it searches the text: that passes over a shebang in the first line, and ends at a
  // line that does not start with `#`.
  // Source: https://github.com/moby/buildkit/blob/master/frontend/dockerfile/parser/directives.go
  void read_directive_line(std::string_view physical, std::string_view line) {
    if (!escape_may_follow_ && !options_may_follow_) return;
    if (line_ == 1 && physical.starts_with("#!")) {
      escape_may_follow_ = false;
      return;
    }
    const auto found = read_directive(line);
    const std::string name = found ? text::to_lower(found->name) : "";
    // An unknown one is a comment, and ends them.
    const bool known = name == "escape" || name == "syntax" || name == "check";
    escape_may_follow_ &= known;
    options_may_follow_ &= known && physical.starts_with('#');
    if (!known) return;
    if (std::ranges::find(seen_directives_, name) == seen_directives_.end()) {
      seen_directives_.push_back(name);
      add_directive(name, line, found->value);
      return;
    }
    options_may_follow_ = false;
    if (!escape_may_follow_) return;
    fail(span_of(line), line_, fmt::format("the directive '{}' is given twice", name),
         "keep one of the two lines");
  }

  void add_directive(std::string_view name, std::string_view line, std::string_view value) {
    if (!(name == "escape" ? escape_may_follow_ : options_may_follow_)) return;
    file_.directives_.push_back({file_.arena_.copy(name), value, span_of(line), span_of(value), line_});
    if (name != "escape") return;
    if (value == "\\" || value == "`") {
      file_.escape_ = value[0];
    } else {
      fail(span_of(value), line_, fmt::format("'{}' can't be the escape character", value),
           "use a backslash or a backtick");
    }
  }

  void add_instruction(std::string_view joined, uint32_t begin, uint32_t end, uint32_t first_line) {
    const std::span<const Segment> segments = file_.arena_.copy(std::span<const Segment>(segments_));
    Instruction instruction = read_instruction(joined, joined, segments, first_line, 0);
    instruction.span = {begin, end};
    read_heredocs(instruction);
    instruction.start_line = first_line;
    instruction.end_line = line_;
    file_.instructions_.push_back(instruction);
  }

  // `part` is what to read, a view into the logical line `joined`.
  Instruction read_instruction(std::string_view part, std::string_view joined,
                               std::span<const Segment> segments, uint32_t line, int depth) {
    Instruction instruction;
    instruction.joined = joined;
    instruction.segments = segments;
    words_.clear();
    split_blank(text::trim(part), words_, 2);
    instruction.name = words_.front().text;
    instruction.name_span = instruction.source_span(instruction.name);
    instruction.keyword = keyword_of(instruction.name);
    instruction.start_line = line;
    instruction.span = instruction.source_span(text::trim(part));
    std::string_view behind = words_.size() == 2 ? words_.back().text : std::string_view();
    if (behind.data() == nullptr) behind = part.substr(part.size());
    SplitFlags split = split_flags(behind, file_.arena_);
    set_flags(instruction, split.flags);
    instruction.rest = text::trim(split.rest);
    if (instruction.keyword == Keyword::kOnbuild) {
      if (!instruction.rest.empty() && depth < kDeepestOnbuild) {
        instruction.onbuild =
            file_.arena_.make(read_instruction(instruction.rest, joined, segments, line, depth + 1));
      }
    } else {
      set_arguments(instruction);
    }
    return instruction;
  }

  void set_flags(Instruction& instruction, const std::vector<RawWord>& flags) {
    std::vector<Flag> read;
    for (const RawWord& word : flags) {
      Flag flag;
      flag.text = word.text;
      flag.span = instruction.source_span(word.spelling);
      const std::string_view body = word.text.substr(std::min<size_t>(2, word.text.size()));
      const size_t equals = body.find('=');
      flag.has_value = equals != std::string_view::npos;
      flag.name = body.substr(0, equals);
      if (flag.has_value) flag.value = body.substr(equals + 1);
      read.push_back(flag);
    }
    instruction.flags = file_.arena_.copy(std::span<const Flag>(read));
  }

  void set_arguments(Instruction& instruction) {
    words_.clear();
    const std::string_view rest = instruction.rest;
    switch (instruction.keyword) {
      case Keyword::kCmd:
      case Keyword::kEntrypoint:
      case Keyword::kRun:
      case Keyword::kShell:
        split_command(instruction, rest);
        break;
      case Keyword::kAdd:
      case Keyword::kCopy:
      case Keyword::kVolume:
        if (!split_json_form(instruction, rest) && !rest.empty()) split_blank(rest, words_);
        break;
      case Keyword::kHealthcheck:
        split_healthcheck(instruction, rest);
        break;
      case Keyword::kEnv:
      case Keyword::kLabel:
        split_pairs(instruction, rest);
        break;
      case Keyword::kArg:
        split_quoted(rest, file_.escape_, words_);
        break;
      case Keyword::kExpose:
      case Keyword::kFrom:
        if (!rest.empty()) split_blank(rest, words_);
        break;
      case Keyword::kMaintainer:
      case Keyword::kStopsignal:
      case Keyword::kUser:
      case Keyword::kWorkdir:
        if (!rest.empty()) words_.push_back({rest, rest});
        break;
      case Keyword::kOnbuild:
      case Keyword::kUnknown:
        break;
    }
    std::vector<Word> arguments;
    arguments.reserve(words_.size());
    for (const RawWord& word : words_)
      arguments.push_back({word.text, instruction.source_span(word.spelling)});
    instruction.arguments = file_.arena_.copy(std::span<const Word>(arguments));
  }

  // True if the arguments are a JSON array, whatever is in it.
  bool split_json_form(Instruction& instruction, std::string_view rest) {
    const JsonForm form = split_json(rest, file_.arena_, words_);
    instruction.json = form == JsonForm::kStrings;
    if (form != JsonForm::kOtherTypes) return instruction.json;
    fail(instruction.source_span(rest), instruction.start_line,
         "the JSON array contains something other than strings", "put double quotes around every element");
    return true;
  }

  void split_command(Instruction& instruction, std::string_view rest) {
    if (!split_json_form(instruction, rest) && !rest.empty()) words_.push_back({rest, rest});
  }

  void split_healthcheck(Instruction& instruction, std::string_view rest) {
    if (rest.empty()) return;
    const auto is_byte_space = [](char c) { return text::is_space(static_cast<unsigned char>(c)); };
    const auto type_end = std::find_if(rest.begin(), rest.end(), is_byte_space);
    const auto command = std::find_if_not(type_end, rest.end(), is_byte_space);
    const std::string_view type(rest.begin(), type_end);
    words_.push_back({type, type});
    split_command(instruction, std::string_view(command, rest.end()));
  }

  void split_pairs(Instruction& instruction, std::string_view rest) {
    split_quoted(rest, file_.escape_, words_);
    if (words_.empty()) return;
    instruction.legacy = words_.front().text.find('=') == std::string_view::npos;
    if (instruction.legacy) {
      words_.clear();
      split_blank(rest, words_, 2);
      if (words_.size() == 2) return;
      fail(instruction.source_span(rest), instruction.start_line,
           fmt::format("{} has a name without a value", name_of(instruction.keyword)),
           fmt::format("write {} {}=value", name_of(instruction.keyword), words_.front().text));
      return;
    }
    std::vector<RawWord> pairs;
    pairs.reserve(words_.size() * 2);
    for (const RawWord& word : words_) {
      const size_t equals = word.text.find('=');
      if (equals == std::string_view::npos) {
        fail(instruction.source_span(word.spelling), instruction.start_line,
             fmt::format("'{}' has no '='", word.text),
             "write name=value, and quote a value that contains spaces");
        continue;
      }
      const std::string_view name = word.text.substr(0, equals);
      const std::string_view value = word.text.substr(equals + 1);
      pairs.push_back({name, name});
      pairs.push_back({value, value});
    }
    words_ = std::move(pairs);
  }

  static bool can_have_heredocs(const Instruction& instruction) {
    const Instruction& inner = instruction.onbuild != nullptr ? *instruction.onbuild : instruction;
    const bool kind =
        inner.keyword == Keyword::kAdd || inner.keyword == Keyword::kCopy || inner.keyword == Keyword::kRun;
    return kind && !inner.json;
  }

  void read_heredocs(Instruction& instruction) {
    if (instruction.joined.find("<<") == std::string_view::npos || !can_have_heredocs(instruction)) return;
    const Lookup unset = [](std::string_view) { return std::nullopt; };
    const auto words = expand_words(instruction.joined, unset,
                                    {.keep_quotes = true, .keep_escapes = true, .keep_unset = true});
    if (!words) return;
    std::vector<Heredoc> heredocs;
    for (const ExpandedWord& word : *words) {
      auto heredoc = read_heredoc_word(word.text, file_.arena_);
      if (!heredoc) continue;
      heredoc->marker = instruction.source_span(instruction.joined.substr(word.begin, word.end - word.begin));
      read_heredoc_body(instruction, *heredoc);
      heredocs.push_back(*heredoc);
    }
    instruction.heredocs = file_.arena_.copy(std::span<const Heredoc>(heredocs));
  }

  void read_heredoc_body(Instruction& instruction, Heredoc& heredoc) {
    const auto begin = static_cast<uint32_t>(at_);
    while (const auto physical = next_line()) {
      std::string_view line = without_line_end(*physical);
      if (heredoc.chomp) line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
      if (line != heredoc.name) continue;
      heredoc.terminator = span_of(without_line_end(*physical));
      heredoc.body = {begin, offset_of(*physical)};
      heredoc.content = heredoc.body.of(source_);
      instruction.span.end = heredoc.terminator.end;
      return;
    }
    const auto end = static_cast<uint32_t>(source_.size());
    heredoc.body = {begin, end};
    heredoc.content = heredoc.body.of(source_);
    heredoc.terminator = {end, end};
    instruction.span.end = end;
    fail(heredoc.marker, instruction.start_line, fmt::format("the heredoc '{}' has no end", heredoc.name),
         fmt::format("end it with a line that contains only {}", heredoc.name));
  }

  void add_comment(std::string_view line) { file_.comments_.push_back({span_of(line), line_}); }

  void fail(Span span, uint32_t line, std::string message, std::string remedy) {
    file_.errors_.push_back({Error::Phase::kSyntax, std::move(message), std::move(remedy), span, line});
  }

  // The place of a view into the source.
  uint32_t offset_of(std::string_view part) const {
    return static_cast<uint32_t>(part.data() - source_.data());
  }
  Span span_of(std::string_view part) const {
    return {offset_of(part), offset_of(part) + static_cast<uint32_t>(part.size())};
  }

  File file_;
  std::string_view source_;
  size_t at_ = 0;
  uint32_t line_ = 0;               // of the line read last
  bool escape_may_follow_ = true;   // the directive
  bool options_may_follow_ = true;  // `syntax` and `check`
  std::vector<std::string> seen_directives_;
  std::string joined_;
  std::vector<Segment> segments_;
  std::vector<RawWord> words_;
};

File parse(std::string source) {
  return Parser(std::move(source)).run();
}

}  // namespace dcache::dockerfile
