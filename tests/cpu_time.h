// The time that the test program computes, which does not grow where other programs run: for tests that no
// input takes minutes.
#pragma once

#include <ctime>

namespace dcache::tests {

class CpuTime {
 public:
  // Since this was made.
  double seconds() const { return static_cast<double>(std::clock() - begin_) / CLOCKS_PER_SEC; }

 private:
  std::clock_t begin_ = std::clock();
};

}  // namespace dcache::tests
