#include "dcache/observe/excerpt.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "dcache/observe/name.h"
#include "dcache/observe/notices.h"
#include "dcache/text/unicode.h"

namespace dcache::observe {
namespace {

constexpr size_t kMostOutput = 20;       // lines
constexpr size_t kLongestOutput = 1000;  // characters of each
constexpr std::string_view kRule = "------";
constexpr std::string_view kFrameRule = "--------------------";

// The name of a step in a line of what is drawn on a terminal: "=> ERROR [build 3/4] RUN make    0.6s".
std::string_view name_on_terminal(std::string_view line) {
  constexpr std::string_view kError = "=> ERROR [";
  if (!line.starts_with(kError)) return {};
  line.remove_prefix(kError.size() - 1);
  const size_t space = line.rfind(' ');
  if (line.ends_with('s') && space != std::string_view::npos &&
      line.find_first_not_of("0123456789.s", space + 1) == std::string_view::npos)
    line = line.substr(0, space);
  return text::trim(line);
}

// "0.512 text" without the time; it is in seconds.
std::string_view without_time(std::string_view line, double& seconds) {
  const size_t space = std::min(line.find(' '), line.size());
  const std::string_view first = line.substr(0, space);
  double time = 0;
  const auto [at, failure] = std::from_chars(first.data(), first.data() + first.size(), time);
  const bool is_time = failure == std::errc() && at == first.data() + first.size() &&
                       first.find('.') != std::string_view::npos && time >= 0;
  if (!is_time) return line;
  seconds = std::max(seconds, time);
  return line.substr(std::min(space + 1, line.size()));
}

// Without the number of a vertex, which older builders print: "#5 0.512 text".
std::string_view without_number(std::string_view line) {
  const size_t digits = line.find_first_not_of("0123456789", 1);
  const bool is_numbered =
      line.starts_with('#') && digits != std::string_view::npos && digits > 1 && line[digits] == ' ';
  return is_numbered ? line.substr(digits + 1) : line;
}

}  // namespace

std::string error_of(const Excerpt& excerpt) {
  return excerpt.error.empty() ? "the log does not say why" : excerpt.error;
}

void ExcerptReader::read(std::string_view line, size_t run) {
  if (run != run_) *this = ExcerptReader();
  run_ = run;
  if (line == kRule) {
    part_ = part_ == Part::kNone ? Part::kHeading : Part::kNone;
    return;
  }
  const bool is_heading = line.starts_with("> [") && line.ends_with(':');
  if (part_ == Part::kHeading && is_heading) {
    read_ = {.step = std::string(line.substr(2, line.size() - 3))};
    part_ = Part::kOutput;
  } else if (part_ == Part::kOutput) {
    read_output(line);
  } else if (part_ == Part::kFrame) {
    read_frame(line);
  } else if (!read_place(line)) {
    part_ = Part::kNone;
    read_error(line);
  }
}

void ExcerptReader::read_output(std::string_view line) {
  line = without_time(without_number(line), read_.seconds);
  if (line.empty()) return;
  if (read_.output.size() == kMostOutput) read_.output.erase(read_.output.begin());
  read_.output.emplace_back(line.substr(0, kLongestOutput));
}

// "Dockerfile:4", followed by a rule.
bool ExcerptReader::read_place(std::string_view line) {
  if (line == kFrameRule && !read_.dockerfile.empty() && read_.instruction.empty()) {
    part_ = Part::kFrame;
    return true;
  }
  const size_t colon = line.rfind(':');
  const bool is_place = colon != std::string_view::npos && colon > 0 && colon + 1 < line.size() &&
                        line.find(' ') == std::string_view::npos;
  if (!is_place) return false;
  uint32_t number = 0;
  const char* const end = line.data() + line.size();
  const auto [at, failure] = std::from_chars(line.data() + colon + 1, end, number);
  if (failure != std::errc() || at != end || number == 0) return false;
  read_.dockerfile = line.substr(0, colon);
  read_.line = number;
  read_.instruction.clear();
  return true;
}

// " 4 | >>> RUN make": the lines of the instruction.
void ExcerptReader::read_frame(std::string_view line) {
  constexpr std::string_view kMark = "| >>>";
  if (line.starts_with("---")) {
    part_ = Part::kNone;
    return;
  }
  const size_t mark = line.find(kMark);
  if (mark == std::string_view::npos || line.find_first_not_of("0123456789 ") != mark) return;
  std::string_view text = text::trim(line.substr(mark + kMark.size()));
  if (text.ends_with('\\')) text = text::trim(text.substr(0, text.size() - 1));
  if (read_.instruction.size() > kLongestOutput || text.empty()) return;
  read_.instruction += (read_.instruction.empty() ? "" : " ") + std::string(text);
}

void ExcerptReader::read_error(std::string_view line) {
  if (const std::string_view name = name_on_terminal(line); !name.empty() && read_.step.empty()) {
    read_.step = name;
    return;
  }
  if (!read_.error.empty()) return;
  constexpr std::string_view kOldError = "executor failed running ";
  for (const Notice& notice : notices_of_line(line)) {
    if (notice.kind != Notice::Kind::kFailed) continue;
    read_.error = notice.words;
    read_.image = notice.image;
  }
  if (line.starts_with(kOldError)) read_.error = line.substr(0, kLongestOutput);
  if (auto ending = ending_of_line(line);
      ending && ending->kind == Notice::Kind::kFailed && read_.error.empty())
    read_.error = std::move(ending->words);
}

std::optional<Excerpt> ExcerptReader::excerpt(size_t run) const {
  const bool has_place = read_name(read_.step, {}).is_step() || read_.line != 0;
  if (run != run_ || !has_place || (read_.error.empty() && read_.step.empty())) return std::nullopt;
  return read_;
}

}  // namespace dcache::observe
