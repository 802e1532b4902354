// How the evaluation of an expression ends when it can't go on.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "dcache/text/span.h"

namespace dcache::project::hcl {

struct Source;

// Thrown and caught inside of this folder and by its callers in project/bake; never beyond.
struct Error {
  std::string message;
  const Source* source = nullptr;  // the file that `span` is in; null while it is not known
  text::Span span = {};
  // What ran out (steps, memory, depth) can't be caught by try() and such.
  bool exhausted = false;
  // It was told to the reader already.
  bool reported = false;
  std::string remedy = {};
};

[[noreturn]] inline void fail(std::string message) {
  throw Error{std::move(message)};
}

// What an evaluation may use up. An end of it is an Error.
class Budget {
 public:
  static constexpr uint64_t kSteps = uint64_t{4} << 20U;
  static constexpr uint32_t kDepth = 600;

  // Counts steps, which stand for expressions, elements and characters.
  void spend(uint64_t steps) {
    spent_ += steps;
    if (spent_ > kSteps) stop("evaluating this takes too long: the file has too many values");
  }
  [[noreturn]] static void stop(std::string message) {
    throw Error{.message = std::move(message), .exhausted = true};
  }

  // One more level for as long as it lives.
  class Level {
   public:
    explicit Level(Budget& budget) : budget_(budget) {
      if (++budget_.depth_ > kDepth) {
        --budget_.depth_;
        stop("the expressions are nested too deeply");
      }
    }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    ~Level() { --budget_.depth_; }

   private:
    Budget& budget_;
  };

 private:
  uint64_t spent_ = 0;
  uint32_t depth_ = 0;
};

}  // namespace dcache::project::hcl
