// Which image of another state of a project is which of this one.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dcache/project/images.h"

namespace dcache::project {

// The images that a project had, for those that ask what has become of them. Both states must outlive this.
class EarlierImages {
 public:
  EarlierImages(const Project& now, const Project& before);

  // What an image was, by each place that defines it: null for one that is new or says the same as another
  // one of the same definition. All are null if there was no such image. The list is as long for every
  // earlier state.
  std::vector<const Image*> of(const Image& image) const;

 private:
  // A definition: its file, and what it is called there.
  using Key = std::pair<std::string, std::string>;
  static Key key_of(const Origin& origin) { return {origin.path, origin.name}; }

  struct RemovedDefinition {
    DefinitionKind kind;
    const Image* image;
  };

  // What was defined at the same place, as the same or together with more.
  const Image* at_same_place(const std::vector<Origin>& definition, const Image& image) const;
  // What has the name of a definition and is not defined at its place any more: its file was moved.
  const Image* moved(const Origin& origin, const Image& image) const;
  // What an image was that no place defined before.
  const Image* renamed(const Image& image) const;

  std::map<Key, std::vector<const Image*>> by_place_;                        // that a definition starts with
  std::map<std::vector<Key>, std::vector<const Image*>> by_all_;             // by all places of a definition
  std::map<std::string, std::vector<RemovedDefinition>, std::less<>> gone_;  // by the name there
  std::map<Key, std::vector<const Image*>> gone_builds_;                     // by Dockerfile and context
};

}  // namespace dcache::project
