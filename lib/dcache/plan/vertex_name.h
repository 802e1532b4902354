// The names that BuildKit gives steps in its logs: "[build 3/7] RUN go build ./...".
//
// Source: https://github.com/moby/buildkit, frontend/dockerfile/dockerfile2llb/convert.go, prefixCommand.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/dockerfile/file.h"
#include "dcache/plan/graph.h"

namespace dcache::plan {

// What the names of a build that is one of several begin with.
struct VertexPrefix {
  std::string_view image = {};  // what bake or Compose calls it
  bool platform = false;        // a build for several platforms
};

// The names of the steps of a graph. Counts once, so that all names take linear time. The file and the graph
// have to outlive it; const calls from many threads are safe.
class VertexNames {
 public:
  VertexNames(const dockerfile::File& file, const Graph& graph);

  // What a stage is called in logs: its name, or "stage-1"; empty for the only stage of a file, unless it
  // refers to another image than its base.
  const std::string& stage(size_t stage) const { return stages_[stage]; }
  // The number of a step in its stage, from 1. Nothing for a step that BuildKit does not number: FROM of a
  // named context, and steps that only other builders have.
  std::optional<size_t> number(size_t step) const { return numbers_[step]; }
  // How many steps BuildKit counts in the stage. More than it numbers, if a WORKDIR leads to the root folder.
  size_t total(size_t stage) const { return totals_[stage]; }
  // What comes after the brackets: the instruction on one line, with its variables replaced as far as they
  // are known, and FROM with the whole reference: "FROM docker.io/library/alpine:3.20". BuildKit adds a
  // digest to that. What the base image sets is not known: such a variable stays as it is in RUN, and is
  // empty elsewhere.
  std::string text(size_t step) const;
  // The whole name; only the text for a step that is not numbered.
  std::string name(size_t step, const VertexPrefix& prefix = {}) const;

 private:
  void count();
  bool is_alone() const;
  std::string run_text(const Step& step) const;
  std::string other_text(const Step& step) const;

  const dockerfile::File& file_;
  const Graph& graph_;
  std::vector<std::string> stages_;
  std::vector<size_t> totals_;
  std::vector<std::optional<size_t>> numbers_;   // by step
  std::vector<std::optional<size_t>> next_run_;  // by step: the RUN of its stage that comes next
};

}  // namespace dcache::plan
