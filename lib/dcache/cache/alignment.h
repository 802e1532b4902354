// For each step of a build the step of an earlier state of it that it was. Internal to the library.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dcache/plan/graph.h"

namespace dcache::cache {

// The instruction of a step in one line.
std::string words_of(const plan::Step& step);

// First by its words, then by its place in the stage, and else by its words in another stage.
class Alignment {
 public:
  Alignment(const plan::Graph& before, const plan::Graph& after);

  // Of a step of `after`.
  std::optional<size_t> partner(size_t step) const { return partner_[step]; }
  // Whether a step of `before` is nothing's partner.
  bool is_gone(size_t old_step) const { return !kept_.contains(old_step); }

 private:
  void align(const plan::Graph& before, const std::vector<size_t>& old_steps, const plan::Graph& after,
             const std::vector<size_t>& new_steps);
  // Steps that are in another stage now.
  void align_moved(const plan::Graph& before, const plan::Graph& after);

  std::vector<std::optional<size_t>> partner_;
  std::set<size_t> kept_;
};

}  // namespace dcache::cache
