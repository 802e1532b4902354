// The entry points of libFuzzer. The target is named by the environment, so that all are one program, which
// is linked once: DCACHE_FUZZ_TARGET=shell dcache-fuzz CORPUS
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>

#include "tests/fuzz/targets.h"

namespace {

const dcache::fuzz::Target* target = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*count*/, char*** /*arguments*/) {
  const char* name = std::getenv("DCACHE_FUZZ_TARGET");
  target = dcache::fuzz::find_target(name == nullptr ? "" : name);
  if (target != nullptr) return 0;
  std::cerr << "DCACHE_FUZZ_TARGET names one of:";
  for (const dcache::fuzz::Target& known : dcache::fuzz::targets())
    std::cerr << ' ' << known.name;
  std::cerr << '\n';
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  target->run({reinterpret_cast<const char*>(data), size});
  return 0;
}
