#include "dcache/lint/shellcheck.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/context/hash.h"
#include "dcache/process/program.h"
#include "dcache/text/descriptor.h"
#include "dcache/text/file_io.h"
#include "dcache/text/json.h"
#include "dcache/text/system.h"
#include "dcache/text/system_path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/write_file.h"

namespace dcache::lint {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t kMostScript = 256 * 1024;        // bytes; longer ones are not scripts that people wrote
constexpr size_t kMostOutput = 64 * 1024 * 1024;  // bytes
constexpr size_t kMostAnswers = 4096;             // that are kept
constexpr size_t kScriptsAtOnce = 16;             // each is an open file
constexpr uint32_t kLinesInFront = 2;

// A diagnostic's code is a view of something that stays: of this, "SC1000SC1001…".
constexpr int kFirstCode = 1000;
constexpr int kEndOfCodes = 4000;
constexpr size_t kCodeSize = 6;
constexpr auto kCodes = [] {
  std::array<char, static_cast<size_t>(kEndOfCodes - kFirstCode) * kCodeSize> codes{};
  for (int code = kFirstCode; code < kEndOfCodes; ++code) {
    char* const at = codes.data() + static_cast<size_t>(code - kFirstCode) * kCodeSize;
    at[0] = 'S';
    at[1] = 'C';
    for (int digit = 0, rest = code; digit < 4; ++digit, rest /= 10)
      at[5 - digit] = static_cast<char>('0' + rest % 10);
  }
  return codes;
}();

std::string_view text_of_code(int code) {
  if (code < kFirstCode || code >= kEndOfCodes) return {};
  return {kCodes.data() + static_cast<size_t>(code - kFirstCode) * kCodeSize, kCodeSize};
}

Level level_of_severity(const std::string& severity) {
  if (severity == "error") return Level::kError;
  if (severity == "warning") return Level::kWarning;
  return severity == "info" ? Level::kInfo : Level::kStyle;
}

// The shell that a script is read for; empty for one that ShellCheck does not know.
std::string_view dialect_of(const Run& run) {
  if (!run.shell_form || !run.posix_shell) return {};
  const std::string_view shell = run.shell_program;
  if (shell == "ash" || shell == "busybox") return "dash";
  return shell == "zsh" ? std::string_view() : shell;
}

// A line that gives variables of ENV and ARG their values, so that they count as assigned, and as split into
// words only if they can be. What only the builder is told counts as one word.
std::string assignments(Dockerfile& dockerfile, const Run& run) {
  if (!run.step) return ":";
  const plan::Step& step = dockerfile.graph().steps[*run.step];
  std::string line = "export";
  const auto add = [&](std::string_view name, std::string_view value) {
    const bool plain = std::ranges::all_of(name, [](char c) {
      return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    });
    if (!plain || name.empty() || (name.front() >= '0' && name.front() <= '9')) return;
    const bool one_word = value.empty() || value.find_first_of("'\n$`") != std::string_view::npos;
    line += fmt::format(" {}='{}'", name, one_word ? "1" : value);
  };
  for (const std::string& name : dockerfile.graph().stages[step.stage].declared)
    add(name, "");
  if (step.environment) {
    for (const plan::Variable* variable : step.environment->variables())
      add(variable->name, variable->value);
  }
  return line == "export" ? ":" : line;
}

// The text that is checked, one character for each of the source's, and what of the Dockerfile it is made of.
class Script {
 public:
  Script(const Run& run, std::string_view dialect, const std::string& assignments) : run_(&run) {
    text_ = fmt::format("#!/bin/{}\n{}\n", dialect, assignments);
    add(run.script);
    if (run.in_heredoc) return;
    for (const dockerfile::Heredoc& heredoc : run.instruction->heredocs) {
      add("\n");
      add(heredoc.content);
      add(heredoc.name);
    }
  }

  const std::string& text() const { return text_; }

  // The place in the Dockerfile from one position to another, lines and columns as ShellCheck counts them.
  // Nothing for text that is nowhere.
  std::optional<text::Span> span(uint32_t line, uint32_t column, uint32_t end_line,
                                 uint32_t end_column) const {
    const auto behind = std::ranges::upper_bound(pieces_, std::pair(line, column), {}, &Piece::start);
    if (behind == pieces_.begin() || line <= kLinesInFront) return std::nullopt;
    if (behind != pieces_.end() && behind->start() < std::pair(end_line, end_column)) return std::nullopt;
    const Piece& piece = *(behind - 1);
    const size_t from = offset(piece, line, column);
    const size_t to = offset(piece, end_line, end_column);
    if (to < from) return std::nullopt;
    return run_->span_of(piece.source.substr(from, to - from));
  }

 private:
  struct Piece {
    std::string_view source;  // a view that the run can place
    uint32_t line = 0;        // its first, and the column in it
    uint32_t column = 1;

    std::pair<uint32_t, uint32_t> start() const { return {line, column}; }
  };

  void add(std::string_view source) {
    const auto line = static_cast<uint32_t>(std::ranges::count(text_, '\n') + 1);
    const size_t start = text_.rfind('\n');
    pieces_.push_back({source, line, static_cast<uint32_t>(text_.size() - start)});
    while (!source.empty()) {
      const text::Rune rune = text::decode_rune(source);
      text::append_rune(text_, rune.value);
      source.remove_prefix(rune.width);
    }
  }

  // Of a position in a piece, in bytes.
  static size_t offset(const Piece& piece, uint32_t line, uint32_t column) {
    size_t at = 0;
    for (uint32_t passed = piece.line; passed < line; ++passed) {
      const size_t end = piece.source.find('\n', at);
      if (end == std::string_view::npos) return piece.source.size();
      at = end + 1;
    }
    const uint32_t first = line == piece.line ? piece.column : 1;
    for (uint32_t passed = first; passed < column && at < piece.source.size(); ++passed)
      at += text::decode_rune(piece.source.substr(at)).width;
    return at;
  }

  const Run* run_;
  std::string text_;
  std::vector<Piece> pieces_;
};

std::optional<text::Span> span_of(const Script& script, const json& at) {
  return script.span(at.at("line"), at.at("column"), at.at("endLine"), at.at("endColumn"));
}

std::optional<Fix> fix_of(const Script& script, const json& comment) {
  const auto given = comment.find("fix");
  if (given == comment.end() || !given->is_object()) return std::nullopt;
  Fix fix;
  fix.unsafe_because = "the script may do something else then";
  fix.description = "apply the fix from ShellCheck";
  for (const json& replacement : given->at("replacements")) {
    const auto span = span_of(script, replacement);
    if (!span) return std::nullopt;
    fix.edits.push_back({*span, replacement.at("replacement")});
  }
  std::ranges::stable_sort(fix.edits, {}, [](const text::Edit& edit) { return edit.span.begin; });
  if (fix.edits.empty()) return std::nullopt;
  return fix;
}

std::optional<Diagnostic> diagnostic_of(const Script& script, const json& comment) {
  Diagnostic diagnostic;
  diagnostic.rule = text_of_code(comment.at("code"));
  const auto span = span_of(script, comment);
  if (diagnostic.rule.empty() || !span) return std::nullopt;
  diagnostic.name = diagnostic.rule;
  diagnostic.level = level_of_severity(comment.at("level"));
  diagnostic.span = *span;
  diagnostic.message = comment.at("message");
  while (diagnostic.message.ends_with('.'))
    diagnostic.message.pop_back();
  diagnostic.remedy = fmt::format("see https://www.shellcheck.net/wiki/{}", diagnostic.rule);
  diagnostic.fix = fix_of(script, comment);
  return diagnostic;
}

// A text that another program can read as a file. It is in no folder, so that nothing is left of it when this
// program is killed.
std::unique_ptr<text::Descriptor> file_of(std::string_view text) {
  auto fd = std::make_unique<text::Descriptor>(text::open_unnamed());
  while (fd->get() >= 0 && !text.empty()) {
    const ssize_t wrote = text::write_some(fd->get(), text.data(), text.size());
    if (wrote < 0) return nullptr;
    text.remove_prefix(static_cast<size_t>(wrote));
  }
  return fd->get() >= 0 && text::go_to_start(fd->get()) ? std::move(fd) : nullptr;
}

std::string name_of_descriptor(int descriptor) {
  return fmt::format("/dev/fd/{}", descriptor);
}

// Whether open files have names, which needs /proc: a chroot or a container may be without.
bool descriptors_have_names() {
  const auto file = file_of("");
  return file != nullptr && ::access(name_of_descriptor(file->get()).c_str(), R_OK) == 0;
}

// Adds comments on scripts, the first of which has the number `first`. A single one is read from standard
// input if not `by_name`.
bool ask_some(const ShellCheck::Options& options, std::span<const std::string> scripts, size_t first,
              bool by_name, json& comments) {
  // What is left out is of sourced files, and of what no shell but bash has in a script that says it is for
  // dash.
  std::vector<std::string> arguments = {"--norc", "--format=json1", "--exclude=SC1090,SC1091,SC2187"};
  std::vector<std::unique_ptr<text::Descriptor>> files;
  std::vector<int> descriptors;
  std::map<std::string, size_t> numbers;
  for (const std::string& script : scripts) {
    auto file = file_of(script);
    if (file == nullptr) return false;
    descriptors.push_back(file->get());
    arguments.push_back(by_name ? name_of_descriptor(file->get()) : "-");
    numbers.emplace(arguments.back(), first + files.size());
    files.push_back(std::move(file));
  }
  const int input = by_name ? -1 : std::exchange(descriptors, {}).front();
  const auto answer = process::output_of(options.program, arguments, {"LC_ALL=C.UTF-8", "SHELLCHECK_OPTS="},
                                         options.time, kMostOutput, descriptors, input);
  if (!answer) return false;
  try {
    json said = text::parse_json(*answer);
    for (json& comment : said.at("comments")) {
      comment.at("file") = fmt::format("{}", numbers.at(comment.at("file").get<std::string>()));
      comments.push_back(std::move(comment));
    }
  } catch (const std::exception&) {
    return false;  // an answer of another form than the one of its manual is none
  }
  return true;
}

// Earlier answers, a file each.
class Answers {
 public:
  explicit Answers(std::string folder) : folder_(std::move(folder)) {}

  std::optional<std::string> find(const std::string& key) const {
    if (folder_.empty()) return std::nullopt;
    auto text = text::read_regular_file(place(key));
    return text ? std::optional(std::move(*text)) : std::nullopt;
  }

  // Where it can't be kept, nobody is told.
  void add(const std::string& key, const std::string& answer) const {
    if (folder_.empty()) return;
    std::error_code failure;
    fs::create_directories(text::system_path(folder_), failure);
    if (!failure) text::write_file(place(key), answer, text::Durability::kLazy);
    // Keys are hashes: one in 256 looks whether there is room.
    if (key.starts_with("00")) prune();
  }

 private:
  // Makes room where many have gathered.
  void prune() const {
    std::error_code failure;
    const auto all = fs::directory_iterator(text::system_path(folder_), failure);
    if (failure) return;
    std::vector<std::pair<fs::file_time_type, fs::path>> files;
    for (const fs::directory_entry& entry : all)
      files.emplace_back(entry.last_write_time(failure), entry.path());
    if (files.size() <= kMostAnswers) return;
    std::ranges::sort(files);
    files.resize(files.size() - kMostAnswers / 2);
    for (const auto& [time, path] : files)
      fs::remove(path, failure);
  }

  std::string place(const std::string& key) const { return folder_ + "/" + key + ".json"; }

  std::string folder_;
};

}  // namespace

ShellCheck::ShellCheck(Options options) : options_(std::move(options)) {
  text::FileStatus status{};
  if (text::status_of(options_.program.c_str(), status)) {
    const context::Stamp stamp = context::stamp_of(status);
    identity_ = fmt::format("{} {} {} {}", options_.program, stamp.inode, stamp.size, stamp.modified);
  }
}

// The answer of the program, in its JSON; the file of a comment is the number of its script.
std::optional<std::string> ShellCheck::ask(const std::vector<std::string>& scripts) const {
  const auto end = std::chrono::steady_clock::now() + options_.time;
  Options options = options_;
  json comments = json::array();
  const bool by_name = descriptors_have_names();
  const size_t at_once = by_name ? kScriptsAtOnce : 1;
  for (size_t first = 0; first < scripts.size(); first += at_once) {
    options.time =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    const auto some = std::span(scripts).subspan(first, std::min(scripts.size() - first, at_once));
    if (!ask_some(options, some, first, by_name, comments)) return std::nullopt;
  }
  json answer;
  answer["comments"] = std::move(comments);
  return answer.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<std::vector<Diagnostic>> ShellCheck::check(Dockerfile& dockerfile) const {
  std::vector<Script> scripts;
  std::vector<std::string> texts;
  context::Hasher key;
  key.add(identity_);
  for (const Run& run : dockerfile.runs()) {
    const std::string_view dialect = dialect_of(run);
    if (dialect.empty() || run.script.size() > kMostScript) continue;
    scripts.emplace_back(run, dialect, assignments(dockerfile, run));
    texts.push_back(scripts.back().text());
    key.add(texts.back());
  }
  std::vector<Diagnostic> found;
  if (scripts.empty()) return found;
  const Answers answers(options_.cache_folder);
  const std::string name = context::to_hex(key.finish());
  auto answer = answers.find(name);
  const bool known = answer.has_value();
  if (!known) answer = ask(texts);
  if (!answer) return std::nullopt;
  try {
    const json said = text::parse_json(*answer);
    for (const json& comment : said.at("comments")) {
      const size_t number = std::stoul(comment.at("file").get<std::string>());
      if (auto diagnostic = diagnostic_of(scripts.at(number), comment))
        found.push_back(std::move(*diagnostic));
    }
  } catch (const std::exception&) {
    return std::nullopt;  // an answer of another form than the one of its manual is none
  }
  if (!known) answers.add(name, *answer);
  return found;
}

bool is_shellcheck_code(std::string_view code) {
  return code.size() == kCodeSize && code.starts_with("SC") &&
         code.find_first_not_of("0123456789", 2) == std::string_view::npos;
}

}  // namespace dcache::lint
