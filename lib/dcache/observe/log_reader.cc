#include "dcache/observe/log_reader.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/observe/line.h"
#include "dcache/observe/name.h"
#include "dcache/observe/notices.h"
#include "dcache/text/json.h"
#include "dcache/text/system.h"

namespace dcache::observe {
namespace {

// Of a line of text, and of one that is a record: a record may contain all that a build printed.
constexpr size_t kLongestLine = 256'000;
constexpr size_t kLongestRecord = 64'000'000;

bool may_be_record(std::string_view start) {
  return start.substr(0, 1000).find("{\"") != std::string_view::npos;
}

// Whether the line is of Docker's classic builder: "Step 3/7 : RUN make".
bool is_classic(std::string_view line) {
  return line.starts_with("Step ") && line.find(" : ") != std::string_view::npos;
}

// Whether it is of what BuildKit draws on a terminal: " => [build 2/5] RUN make    3.2s".
bool is_of_terminal(std::string_view line) {
  return line.starts_with("=> ") || line.starts_with("[+] Building");
}

// The text that a JSON object has for a message, and its time.
struct JsonMessage {
  std::string text;
  std::optional<int64_t> time;
};

// Looks for it in the object and in those that it contains.
void unwrap_into(const nlohmann::json& object, int depth, JsonMessage& wrapped) {
  constexpr int kDeepest = 3;
  constexpr std::array<std::string_view, 8> kTexts = {"log",  "message", "msg",  "textPayload",
                                                      "data", "text",    "line", "output"};
  constexpr std::array<std::string_view, 3> kTimes = {"time", "timestamp", "ts"};
  for (const auto& [name, value] : object.items()) {
    if (value.is_object() && depth < kDeepest) unwrap_into(value, depth + 1, wrapped);
    if (!value.is_string()) continue;
    const auto& text = value.get_ref<const std::string&>();
    const bool is_text = std::ranges::find(kTexts, name) != kTexts.end();
    if (is_text && wrapped.text.empty()) wrapped.text = text;
    const bool is_time = std::ranges::find(kTimes, name) != kTimes.end();
    const auto moment = is_time && !wrapped.time ? read_moment(text) : std::nullopt;
    if (moment) wrapped.time = moment->nanoseconds;
  }
}

JsonMessage unwrap(std::string_view line) {
  JsonMessage wrapped;
  const nlohmann::json object = text::parse_json(line);
  if (object.is_object()) unwrap_into(object, 0, wrapped);
  return wrapped;
}

// Whether it has more than lines that happen to begin with a number: "#4 is fixed".
bool tells_of_build(const Log& log) {
  const auto is_sure = [](const Vertex& vertex) { return vertex.ended || vertex.name.starts_with('['); };
  return std::ranges::any_of(
      log.builds, [&](const Build& build) { return std::ranges::any_of(build.vertices, is_sure); });
}

// A log of which this is all that there is.
Log log_of(const Excerpt& excerpt) {
  Log log{.runs = {{}}, .builds = {{}}, .excerpt = excerpt};
  Build& build = log.builds.front();
  build.name = excerpt.image.empty() ? std::string(image_shown_by(excerpt.step)) : excerpt.image;
  if (excerpt.step.empty()) {
    log.runs.front().notices.push_back({Notice::Kind::kFailed, error_of(excerpt)});
  } else {
    build.vertices.push_back(
        {.name = excerpt.step, .seconds = excerpt.seconds, .ended = true, .error = error_of(excerpt)});
  }
  return log;
}

}  // namespace

void LogReader::feed(std::string_view bytes) {
  if (!is_started_) {
    const size_t missing = std::min(Utf16Decoder::kMarkSize - start_.size(), bytes.size());
    start_ += bytes.substr(0, missing);
    bytes.remove_prefix(missing);
    if (start_.size() < Utf16Decoder::kMarkSize) return;
    is_started_ = true;
    if (const auto order = Utf16Decoder::order_of(start_)) {
      utf16_.emplace(*order);
    } else {
      feed_text(start_);
    }
  }
  if (!utf16_) return feed_text(bytes);
  decoded_.clear();
  utf16_->decode(bytes, decoded_);
  feed_text(decoded_);
}

void LogReader::feed_text(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const char* line_end = std::find(at, end, '\n');
    // What a terminal would write over is a line too.
    line_end = std::find(at, line_end, '\r');
    add({at, static_cast<size_t>(line_end - at)});
    if (line_end == end) return;
    end_line();
    at = line_end + 1;
  }
}

void LogReader::add(std::string_view part) {
  if (too_long_) return;
  const size_t size = pending_.size() + part.size();
  if (size > kLongestLine) {
    const size_t most = may_be_record(pending_.empty() ? part : pending_) ? kLongestRecord : kLongestLine;
    if (size > most) {
      part = part.substr(0, most - std::min(most, pending_.size()));
      too_long_ = true;
    }
  }
  pending_ += part;
}

void LogReader::end_line() {
  if (too_long_) collector_.mark_cut();
  read(pending_);
  too_long_ = false;
  if (pending_.size() > kLongestLine) {
    pending_ = std::string();
  } else {
    pending_.clear();
  }
}

void LogReader::read(std::string_view raw) {
  const Line line = clean_line(raw, scratch_);
  if (!line.stream.empty()) return hold(line);
  read_held();
  read_line(line);
}

void LogReader::read_line(const Line& line) {
  if (line.text.empty() || read_record(line) || read_wrapped(line) || read_plain(line)) return;
  read_other(line.text);
}

void LogReader::hold(const Line& line) {
  constexpr size_t kMostStreams = 16;
  const auto held = std::ranges::find(held_, line.stream, &Held::stream);
  if (held != held_.end() && line.continues) {
    const size_t room = kLongestRecord - std::min(kLongestRecord, held->text.size());
    if (line.part.size() > room) collector_.mark_cut();
    held->text += line.part.substr(0, room);
    return;
  }
  if (held != held_.end()) {
    const Held whole = std::move(*held);
    held_.erase(held);
    read_line({.text = clean_text(whole.text), .time = whole.time});
  } else if (held_.size() == kMostStreams) {
    read_held();
  }
  held_.push_back({std::string(line.stream), std::string(line.part), line.time});
}

void LogReader::read_held() {
  for (const Held& held : std::exchange(held_, {}))
    read_line({.text = clean_text(held.text), .time = held.time});
}

// A record may have a prefix too.
bool LogReader::read_record(const Line& line) {
  constexpr size_t kLongestBeforeRecord = 300;
  const size_t at = line.text.substr(0, kLongestBeforeRecord).find("{\"");
  if (at == std::string_view::npos || !RecordReader::is_record(line.text.substr(at))) return false;
  has_build_ = true;
  if (!records_.read(line.text.substr(at))) {
    collector_.mark_cut();
    has_bad_record_ = true;
  }
  return true;
}

// Services that keep each line, or several, in a JSON object.
bool LogReader::read_wrapped(const Line& line) {
  if (!line.text.starts_with("{\"") || line.text.find('#') == std::string_view::npos) return false;
  const JsonMessage wrapped = unwrap(line.text);
  if (wrapped.text.empty()) return false;
  std::string_view rest = wrapped.text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find_first_of("\r\n"), rest.size());
    std::string scratch;
    Line inner = clean_line(rest.substr(0, end), scratch);
    if (!inner.time) inner.time = wrapped.time ? wrapped.time : line.time;
    if (!inner.text.empty() && !read_record(inner) && !read_plain(inner)) read_other(inner.text);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return true;
}

bool LogReader::read_plain(const Line& line) {
  if (!prefixes_.is_known()) {
    if (plain_.read(line)) {
      if (prefixes_.counts_bare() && is_of_plain_progress(line.text)) prefixes_.add_bare();
      return true;
    }
  } else if (const auto bare = prefixes_.strip(line.text)) {
    if (!plain_.read({bare->text, line.time ? line.time : bare->time})) read_other(bare->text);
    return true;
  } else if (begins_build(line.text)) {
    prefixes_.forget();
    prefixes_.add_bare();
    return plain_.read(line);
  } else if (is_numbered(line.text)) {
    // Of the same build only if the service broke a line in two.
    return plain_.knows(line.text) && plain_.read(line);
  }
  if (!prefixes_.learn(line.text, line.time)) return false;
  read_kept();
  return true;
}

void LogReader::read_kept() {
  // What had a number and no prefix was not of a build.
  if (!prefixes_.has_bare() && !has_build_) collector_.forget_run();
  has_build_ = true;
  for (const LinePrefixes::PendingLine& kept : prefixes_.take_kept())
    plain_.read({kept.text, kept.time});
}

void LogReader::read_other(std::string_view text) {
  has_other_ = true;
  excerpts_.read(text, collector_.run_number());
  is_classic_ = is_classic_ || is_classic(text);
  is_terminal_ = is_terminal_ || is_of_terminal(text);
  for (Notice& notice : notices_of_line(text)) {
    const bool is_of_next = notice.kind == Notice::Kind::kNoCache || notice.kind == Notice::Kind::kPull;
    if (is_of_next) plain_.expect_run();
    collector_.add_notice(std::move(notice));
  }
  if (auto ending = ending_of_line(text)) {
    if (ending->kind == Notice::Kind::kChecked) plain_.end_run();
    collector_.add_ending(*std::move(ending));
  }
}

tl::expected<Log, text::Failure> LogReader::finish(const std::string& path) {
  if (!is_started_) feed_text(start_);
  if (!pending_.empty()) end_line();
  read_held();
  if (!prefixes_.is_known() && !prefixes_.has_bare() && prefixes_.learn_at_end()) read_kept();
  records_.finish();
  const bool has_only_boot = collector_.has_only_boot();
  const std::optional<Excerpt> excerpt = excerpts_.excerpt(collector_.run_number());
  if (excerpt) collector_.add_failed_step(*excerpt);
  Log log = collector_.finish();
  if (tells_of_build(log)) return log;
  if (excerpt) return log_of(*excerpt);
  const auto failure = [&](std::string_view message, std::string remedy) {
    return tl::unexpected(text::Failure{path, 0, 0, fmt::format("{}: {}", path, message), std::move(remedy)});
  };
  if (has_only_boot)
    return failure("a builder was started, and nothing was built",
                   "save the log of the step that builds too");
  if (is_classic_)
    return failure("this is a log of the classic builder, which tells no times",
                   "build with DOCKER_BUILDKIT=1 docker build --progress=plain");
  if (is_terminal_)
    return failure("this is what BuildKit draws on a terminal",
                   "build with --progress=plain, or save docker buildx history logs --progress=rawjson");
  if (has_bad_record_ && !has_other_)
    return failure("this has no whole record of a build",
                   "save all that docker buildx history logs --progress=rawjson prints");
  return failure(has_other_ || !log.builds.empty() ? "this is not the log of a build" : "the log is empty",
                 "save what docker build --progress=plain prints on standard error (2> build.log)");
}

namespace {

std::FILE* open_log(const std::string& path) {
  const int fd = text::open_to_read(path.c_str());
  return fd < 0 ? nullptr : ::fdopen(fd, "rb");
}

}  // namespace

tl::expected<Log, text::Failure> read_log(const std::string& path) {
  const auto close = [](std::FILE* file) {
    if (file != stdin) std::fclose(file);
  };
  const std::unique_ptr<std::FILE, decltype(close)> file(path == "-" ? stdin : open_log(path), close);
  const auto failed = [&](int error) {
    return tl::unexpected(
        text::Failure{path, 0, 0, fmt::format("can't read {}: {}", path, std::strerror(error)), {}});
  };
  if (file == nullptr) return failed(errno);
  LogReader reader;
  std::vector<char> buffer(size_t{1} << 18U);
  while (const size_t count = std::fread(buffer.data(), 1, buffer.size(), file.get()))
    reader.feed({buffer.data(), count});
  if (std::ferror(file.get()) != 0) return failed(errno);
  return reader.finish(path == "-" ? "standard input" : path);
}

}  // namespace dcache::observe
