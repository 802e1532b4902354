#include "dcache/observe/plain_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "dcache/observe/name.h"

namespace dcache::observe {
namespace {

constexpr size_t kMostTransfers = 10'000;  // of a vertex that are told apart

struct NumberedLine {
  uint64_t number = 0;
  std::string_view text;
};

std::optional<NumberedLine> numbered_line(std::string_view line) {
  constexpr size_t kMostDigits = 9;
  if (!line.starts_with('#')) return std::nullopt;
  NumberedLine numbered;
  const char* const end = line.data() + line.size();
  const auto [at, failure] = std::from_chars(line.data() + 1, end, numbered.number);
  const auto digits = static_cast<size_t>(at - line.data()) - 1;
  if (failure != std::errc() || digits == 0 || digits > kMostDigits) return std::nullopt;
  if (at == end || *at != ' ') return std::nullopt;
  numbered.text = line.substr(digits + 2);
  return numbered;
}

std::optional<double> read_number(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, failure] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  const bool good =
      failure == std::errc() && at == end && !text.empty() && text.front() != '-' && number < 1e15;
  return good ? std::optional(number) : std::nullopt;
}

// "1.2s"
std::optional<double> read_seconds(std::string_view text) {
  if (!text.ends_with('s')) return std::nullopt;
  return read_number(text.substr(0, text.size() - 1));
}

// "1.76kB"
std::optional<uint64_t> read_bytes(std::string_view text) {
  constexpr std::array<std::string_view, 6> kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
  const size_t unit = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto known = std::ranges::find(kUnits, text.substr(unit));
  const auto number = read_number(text.substr(0, unit));
  if (known == kUnits.end() || !number) return std::nullopt;
  double bytes = *number;
  for (auto at = kUnits.begin(); at != known; ++at)
    bytes *= 1000;
  return bytes < 9e18 ? static_cast<uint64_t>(bytes) : 0;
}

// When a command printed a line, in seconds since it began: "0.651 text". Nothing for other text.
std::optional<double> read_output(std::string_view text) {
  const std::string_view first = text.substr(0, text.find(' '));
  return first.find('.') == std::string_view::npos ? std::nullopt : read_number(first);
}

bool is_end(std::string_view text) {
  return text == "CACHED" || text == "DONE" || text == "CANCELED" || text.starts_with("ERROR: ") ||
         (text.starts_with("DONE ") && read_seconds(text.substr(5)));
}

// What a status says: "sha256:… 2.1MB / 3.4MB 0.3s done".
struct Status {
  std::string_view id;
  std::optional<uint64_t> bytes;
  std::optional<double> seconds;
};

// Takes the last word of a text.
std::string_view take_last(std::string_view& text) {
  const size_t space = text.rfind(' ');
  const std::string_view last = space == std::string_view::npos ? text : text.substr(space + 1);
  text = space == std::string_view::npos ? std::string_view() : text.substr(0, space);
  return last;
}

// Nothing for a text that says neither bytes nor a time.
std::optional<Status> read_status(std::string_view text) {
  Status status;
  if (text.ends_with(" done")) text.remove_suffix(5);
  std::string_view rest = text;
  status.seconds = read_seconds(take_last(rest));
  if (status.seconds) text = rest;
  rest = text;
  status.bytes = read_bytes(take_last(rest));
  if (status.bytes && rest.ends_with(" /")) {
    rest.remove_suffix(2);
    status.bytes = read_bytes(take_last(rest));
  }
  status.id = status.bytes ? rest : text;
  const bool says_nothing = !status.bytes && !status.seconds;
  return says_nothing || status.id.empty() ? std::nullopt : std::optional(status);
}

// A duration as Go writes it: "1m30.5s", "75ms".
std::optional<double> read_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double seconds;
  };
  constexpr std::array<Unit, 7> kUnits = {
      {{"h", 3600}, {"m", 60}, {"s", 1}, {"ms", 1e-3}, {"\u00b5s", 1e-6}, {"us", 1e-6}, {"ns", 1e-9}}};
  constexpr std::string_view kDigits = "0123456789.";
  if (text.empty()) return std::nullopt;
  double seconds = 0;
  while (!text.empty()) {
    const size_t digits = std::min(text.find_first_not_of(kDigits), text.size());
    const auto number = read_number(text.substr(0, digits));
    text.remove_prefix(digits);
    const std::string_view name = text.substr(0, text.find_first_of(kDigits));
    const auto unit = std::ranges::find(kUnits, name, &Unit::name);
    if (!number || unit == kUnits.end()) return std::nullopt;
    seconds += *number * unit->seconds;
    text.remove_prefix(name.size());
  }
  return seconds;
}

// A moment as Go writes it: "2019-04-22 14:30:13.3 +0000 UTC".
std::optional<int64_t> read_go_moment(std::string_view text) {
  constexpr size_t kDate = 10;
  const size_t zone = text.find(" +0000 UTC");
  if (zone == std::string_view::npos || zone < kDate || text[kDate] != ' ') return std::nullopt;
  std::string moment(text.substr(0, zone));
  moment[kDate] = 'T';
  const auto read = read_moment(moment + "Z");
  return read ? std::optional(read->nanoseconds) : std::nullopt;
}

// Whether a text may be the name of a vertex, for a log whose beginning is missing.
bool may_be_name(std::string_view text) {
  if (text.starts_with('[') && text.find("] ") != std::string_view::npos) return true;
  const auto status = read_status(text);
  const bool is_status =
      status && (status->bytes || status->id.find('/') == std::string_view::npos);  // not "sleep /x 0.5s"
  return text != "..." && !is_end(text) && !read_output(text) && !is_status && !text.starts_with(' ') &&
         !text.ends_with(" done") && !text.starts_with("WARN: ");
}

// "2/5] RUN make" of "[api build 2/5] RUN make"
std::string_view without_image(std::string_view name) {
  const size_t bracket = name.find(']');
  const size_t space = name.substr(0, bracket).rfind(' ');
  return name.substr(space == std::string_view::npos ? 1 : space + 1);
}

}  // namespace

bool is_transfer(std::string_view status) {
  return status.starts_with("transferring") || status.starts_with("sha256:") ||
         status.starts_with("pushing ");
}

bool is_numbered(std::string_view line) {
  return numbered_line(line).has_value();
}

bool is_of_plain_progress(std::string_view line) {
  const auto numbered = numbered_line(line);
  if (!numbered) return false;
  const std::string_view text = numbered->text;
  if (is_end(text)) return text != "DONE";
  const Name name = read_name(text, {});
  return name.is_step() || !name.kind.empty() || !image_shown_by(text).empty();
}

bool begins_build(std::string_view line) {
  const auto numbered = numbered_line(line);
  if (!numbered || numbered->number > 1) return false;
  return numbered->number == 0 ? numbered->text.starts_with("building with ") : is_of_plain_progress(line);
}

void PlainReader::start_over() {
  run_ = collector_.run_number();
  numbered_.clear();
  current_.reset();
  announced_.reset();
  has_result_ = false;
}

bool PlainReader::knows(std::string_view line) {
  const auto numbered = numbered_line(line);
  return numbered && run_ == collector_.run_number() && numbered_.contains(numbered->number);
}

bool PlainReader::read(const Line& line) {
  const auto numbered_text = numbered_line(line.text);
  if (!numbered_text) return false;
  const auto [number, text] = *numbered_text;
  if (run_ != collector_.run_number()) start_over();
  if (announced_ && announced_ != number) collector_.mark_cut();
  announced_.reset();
  if (number == 0) {
    begin_run(text.starts_with("building with ") ? text.substr(14) : text);
    return true;
  }
  const bool was_current = current_ == number;
  NumberedVertex* numbered = find(number, text);
  if (numbered == nullptr) {
    if (text == "...") {
      announced_ = number;
    } else {
      collector_.mark_cut();
    }
    return true;
  }
  Vertex& vertex = collector_.vertices()[numbered->vertex];
  note_time(vertex, line);
  if (!was_current && text.starts_with('[')) numbered->is_of_other = text != vertex.name;
  current_ = number;
  if (text == "...") {
    current_.reset();
  } else if (!read_end(*numbered, text, line) && !read_old_event(*numbered, text, line) &&
             (was_current || !text.starts_with('['))) {
    read_event(*numbered, text);
  }
  return true;
}

void PlainReader::expect_run() {
  if (has_result_) begin_run({});
}

void PlainReader::begin_run(std::string_view builder) {
  collector_.start_run(builder);
  const size_t driver = builder.rfind(" using ");
  if (driver != std::string_view::npos && builder.substr(driver) != " using docker driver")
    collector_.mark_merging();
  start_over();
}

PlainReader::NumberedVertex* PlainReader::find(uint64_t number, std::string_view text) {
  const auto known = numbered_.find(number);
  if (known == numbered_.end()) return may_be_name(text) ? add(number, text) : nullptr;
  const Vertex& vertex = collector_.vertices()[known->second.vertex];
  // Another call of the builder counts from 1 again, often with the same names. BuildKit may name a vertex
  // again that had ended, for another image too.
  const bool is_named = vertex.ended && current_ != number && text.starts_with('[') && may_be_name(text);
  const bool is_other =
      is_named && (without_image(text) != without_image(vertex.name) || (number == 1 && has_result_));
  if (!is_other) return &known->second;
  begin_run({});
  return add(number, text);
}

PlainReader::NumberedVertex* PlainReader::add(uint64_t number, std::string_view name) {
  const auto vertex = collector_.add_vertex(name);
  if (!vertex) return nullptr;
  return &numbered_.insert_or_assign(number, NumberedVertex{*vertex}).first->second;
}

void PlainReader::note_time(Vertex& vertex, const Line& line) {
  if (!line.time) return;
  const double now = collector_.since_start(*line.time);
  if (!vertex.started) vertex.started = now;
}

bool PlainReader::read_end(NumberedVertex& numbered, std::string_view text, const Line& line) {
  if (!is_end(text)) return false;
  Vertex& vertex = collector_.vertices()[numbered.vertex];
  current_.reset();
  // Another image needs the result too.
  if (vertex.ended && numbered.is_of_other && text == "CACHED") return true;
  const double known = vertex.seconds;
  const bool had_ended = std::exchange(vertex.ended, true);
  vertex.cached = text == "CACHED";
  vertex.canceled = text == "CANCELED";
  has_result_ =
      has_result_ || text.starts_with("ERROR: ") || vertex.name.find("exporting") != std::string::npos;
  if (text.starts_with("DONE ")) vertex.seconds = *read_seconds(text.substr(5));
  if (text.starts_with("ERROR: ")) vertex.error = collector_.kept(text.substr(7));
  const bool is_news = !had_ended || !vertex.error.empty() || vertex.seconds > known;
  if (!line.time || !is_news) return true;
  vertex.completed = collector_.since_start(*line.time);
  // It began before the log named it, if another vertex was shown then.
  vertex.started = std::max(0.0, std::min(*vertex.started, *vertex.completed - vertex.seconds));
  if (!vertex.error.empty()) vertex.seconds = std::max(vertex.seconds, *vertex.completed - *vertex.started);
  return true;
}

// What BuildKit of 2019 says: "     duration: 30.1s".
bool PlainReader::read_old_event(NumberedVertex& numbered, std::string_view text, const Line& line) {
  if (!text.starts_with("  ")) return false;
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const size_t colon = text.find(": ");
  if (colon == std::string_view::npos) return false;
  const std::string_view name = text.substr(0, colon);
  const std::string_view value = text.substr(colon + 2);
  Vertex& vertex = collector_.vertices()[numbered.vertex];
  const auto moment = line.time ? std::nullopt : read_go_moment(value);
  if (name == "started" && moment) {
    const double started = collector_.since_start(*moment);
    vertex.started = std::min(vertex.started.value_or(started), started);
  } else if (name == "completed") {
    vertex.ended = true;
    if (moment) vertex.completed = collector_.since_start(*moment);
    has_result_ = has_result_ || vertex.name.find("exporting") != std::string::npos;
  } else if (name == "duration") {
    vertex.ended = true;
    vertex.seconds = read_duration(value).value_or(vertex.seconds);
  } else if (name == "cached") {
    vertex.ended = true;
    vertex.cached = value == "true";
  } else if (name == "error") {
    vertex.ended = has_result_ = true;
    vertex.error = collector_.kept(value);
  } else {
    return name == "digest" || name == "name" || name == "started";
  }
  return true;
}

void PlainReader::read_event(NumberedVertex& numbered, std::string_view text) {
  Vertex& vertex = collector_.vertices()[numbered.vertex];
  constexpr std::string_view kWarning = "WARN: ";
  if (text == "merging" || text.starts_with("merging ") || text.starts_with("exporting manifest "))
    collector_.mark_merging();
  if (text.starts_with(kWarning)) return collector_.add_warning(vertex, text.substr(kWarning.size()));
  if (const auto moment = read_output(text)) {
    // All that is known of a command that failed, or of which the log lacks the end.
    if (!vertex.ended) vertex.seconds = std::max(vertex.seconds, *moment);
    return;
  }
  const auto status = read_status(text);
  if (!status) return;
  // The same of a pull or an export.
  if (!vertex.ended && status->seconds) vertex.seconds = std::max(vertex.seconds, *status->seconds);
  if (!status->bytes || !is_transfer(status->id)) return;
  const auto known = numbered.bytes.find(status->id);
  if (known == numbered.bytes.end() && numbered.bytes.size() >= kMostTransfers) return;
  uint64_t& bytes =
      known == numbered.bytes.end() ? numbered.bytes[std::string(status->id.substr(0, 200))] : known->second;
  if (*status->bytes <= bytes) return;
  vertex.bytes += *status->bytes - bytes;
  bytes = *status->bytes;
}

}  // namespace dcache::observe
