// Which images of a project are built from which others: by name (`target:base`), or by a reference that one
// has and the other starts or copies from, or is given as a build argument.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "dcache/project/images.h"
#include "dcache/text/failure.h"

namespace dcache::project {

// How builds refer to an image, as plan::normal_reference() spells it: `target:NAME`, its tags, and what
// Compose or Skaffold calls it.
std::vector<std::string> references_to(const Image& image);

// Reads the Dockerfile of each image once.
class ImageNeeds {
 public:
  // By the reference in the Dockerfile or in a build argument, as plan::normal_reference() spells it, the
  // images that it may mean: several if they have the same tag, of which the one that is built last counts.
  struct NeededImage {
    size_t image = 0;
    bool may_be_other = false;  // the tags of the image are not known: it may have another one
    friend bool operator==(const NeededImage&, const NeededImage&) = default;
  };
  using References = std::map<std::string, std::vector<NeededImage>, std::less<>>;

  explicit ImageNeeds(const std::vector<Image>& images);

  const References& of(size_t image) const { return needs_[image]; }
  // All images, each after those that it needs.
  const std::vector<size_t>& order() const { return order_; }
  // Images that need each other in a circle.
  const std::vector<text::Failure>& failures() const { return failures_; }

 private:
  enum class State : uint8_t { kNew, kInProgress, kDone };

  void visit(size_t start, const std::vector<Image>& images, std::vector<State>& state);

  std::vector<References> needs_;
  std::vector<size_t> order_;
  std::vector<text::Failure> failures_;
};

// The build arguments of an image whose value is the tag of the one that a reference means: with another
// image they have another value.
std::vector<std::string> arguments_with(const Image& image, const std::string& reference);

// Adds to `needs` of each target the names of the images that its build starts or copies from.
void add_needs(std::vector<Image>& images);

}  // namespace dcache::project
