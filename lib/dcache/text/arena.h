// Memory for what a parse produces: many small, trivially destructible values that live and die together.
// Nothing is freed before the arena; moving an arena keeps the addresses of what it holds.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <memory_resource>
#include <span>
#include <string_view>
#include <type_traits>

namespace dcache::text {

class Arena {
 public:
  Arena() : resource_(std::make_unique<std::pmr::monotonic_buffer_resource>()) {}

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* bytes = allocate<char>(text.size());
    std::memcpy(bytes, text.data(), text.size());
    return {bytes, text.size()};
  }

  template <typename T>
  std::span<const T> copy(std::span<const T> values) {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
    if (values.empty()) return {};
    T* to = allocate<T>(values.size());
    std::uninitialized_copy(values.begin(), values.end(), to);
    return {to, values.size()};
  }

  template <typename T>
  const T* make(const T& value) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (allocate<T>(1)) T(value);
  }

 private:
  template <typename T>
  T* allocate(size_t count) {
    return static_cast<T*>(resource_->allocate(count * sizeof(T), alignof(T)));
  }

  std::unique_ptr<std::pmr::monotonic_buffer_resource> resource_;
};

}  // namespace dcache::text
