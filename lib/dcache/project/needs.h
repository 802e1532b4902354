// Which images of a repository start or copy from which others.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "dcache/project/images.h"

namespace dcache::project {

// Refers to the images that it is made of, which have to outlive it. A value; const calls from many threads
// are safe.
class Needs {
 public:
  // Reads their Dockerfiles. One that can't be read needs nothing.
  explicit Needs(const std::vector<Image>& images);

  // The indexes of all images, each after all that it needs.
  const std::vector<size_t>& order() const { return order_; }
  // The images that one needs, by the reference that the plan of its build has for them. There are several
  // for one reference where several images have the same tag.
  const std::map<std::string, std::vector<size_t>>& of(size_t image) const { return needs_[image]; }
  // Images that need each other in a circle.
  const std::vector<text::Failure>& failures() const { return failures_; }

 private:
  enum class State : uint8_t { kNew, kOpen, kDone };
  void visit(size_t start, std::vector<State>& states);
  void add_circle(size_t image, size_t needed);

  const std::vector<Image>& images_;
  std::vector<std::map<std::string, std::vector<size_t>>> needs_;
  std::vector<size_t> order_;
  std::vector<text::Failure> failures_;
};

}  // namespace dcache::project
