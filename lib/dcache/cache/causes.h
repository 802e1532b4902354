// Why steps rebuild: what is different between an earlier state of a build and this one. Internal to cache/.
#pragma once

#include <memory>
#include <vector>

#include "dcache/cache/report.h"
#include "dcache/cache/verdicts.h"

namespace dcache::cache {

class Causes {
 public:
  // Both states have to outlive it.
  Causes(const State& before, const State& after);
  ~Causes();

  // Fills in the cause of a step whose verdict is known, and why it has that. `reports` are those of the
  // steps before it.
  void explain(const std::vector<StepReport>& reports, Judgement::Reason reason, StepReport& report) const;

 private:
  class CauseFinder;
  std::unique_ptr<CauseFinder> finder_;
};

}  // namespace dcache::cache
