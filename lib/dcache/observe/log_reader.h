// Reads the log of a build, whatever wrote it: plain text, records as JSON, and both inside of the log of a
// CI job.
//
// A log is read as it comes and not kept: the time is linear in its size, and the memory is bounded. Any
// bytes will do; what is not about a build is skipped.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/observe/collector.h"
#include "dcache/observe/excerpt.h"
#include "dcache/observe/line.h"
#include "dcache/observe/line_prefix.h"
#include "dcache/observe/log.h"
#include "dcache/observe/plain_reader.h"
#include "dcache/observe/record_reader.h"
#include "dcache/observe/utf16.h"
#include "dcache/text/failure.h"

namespace dcache::observe {

// Not to be shared between threads.
class LogReader {
 public:
  LogReader() = default;
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  // The next bytes of the log: UTF-8, or UTF-16 that starts with a byte order mark.
  void feed(std::string_view bytes);
  // What was read. Fails, with what to do, if it is not the log of a build. `path` is what messages call it.
  tl::expected<Log, text::Failure> finish(const std::string& path);

 private:
  void feed_text(std::string_view text);
  void add(std::string_view part);
  void end_line();
  void read(std::string_view raw);
  void read_line(const Line& line);
  void hold(const Line& line);
  void read_held();
  bool read_wrapped(const Line& line);
  bool read_record(const Line& line);
  bool read_plain(const Line& line);
  void read_kept();
  void read_other(std::string_view text);

  Collector collector_;
  PlainReader plain_{collector_};
  ExcerptReader excerpts_;
  RecordReader records_{collector_};
  LinePrefixes prefixes_;
  std::string start_;  // the first bytes, until there are enough to tell what the log is written in
  bool is_started_ = false;
  std::optional<Utf16Decoder> utf16_;
  std::string decoded_;
  std::string pending_;  // of the line that is not complete yet
  std::string scratch_;
  // The last line of each stream, which may go on.
  struct Held {
    std::string stream;
    std::string text;
    std::optional<int64_t> time;
  };
  std::vector<Held> held_;
  bool has_build_ = false;  // a record, or lines with a prefix that is known
  bool too_long_ = false;   // the rest of the line is left out
  bool has_other_ = false;  // lines that are not of a build
  bool has_bad_record_ = false;
  bool is_classic_ = false;
  bool is_terminal_ = false;
};

// Reads a file, or standard input for "-".
tl::expected<Log, text::Failure> read_log(const std::string& path);

}  // namespace dcache::observe
