// Judges the images of a project one after the other, those that others need first. What they are compared
// with is for classes that are made of it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/context/sparse_checkout.h"
#include "dcache/project/affected.h"
#include "dcache/project/needs.h"
#include "dcache/project/open_steps.h"

namespace dcache::project {

class Judge {
 public:
  Judge(const Project& project, const AffectedOptions& options);
  virtual ~Judge() = default;

  // To be called once.
  AffectedImages run();

 protected:
  // Compares the build with what it was; `after` has the images that changed in its options, `before` has
  // not.
  virtual void compare(const Image& image, const plan::Options& before, const plan::Options& after,
                       ImageEffect& effect) = 0;
  // Whether there is anything to compare an image with.
  virtual bool can_compare(const Image& /*image*/) const { return true; }
  // The same for one of several platforms.
  virtual bool can_compare(const Image& /*image*/, const std::string& /*platform*/) const { return true; }
  // Whether anything is another one than it was.
  virtual bool changes_anything() const { return true; }
  // As of AffectedImages, once all are compared.
  virtual std::vector<std::string> outside() const { return {}; }

  // The files that change, absolute, after all links.
  virtual std::vector<std::string> changed_files() const { return {}; }

  // Whether some file of its context may be another one.
  virtual bool may_change_context(const Image& /*image*/) const { return true; }

  const cache::Build::Progress& progress() const { return options_.progress; }
  bool platform_is_given() const { return options_.platform_is_given; }

  // `more` are further arguments that are not known.
  void keep(ImageSteps steps, ImageEffect& effect, std::vector<OpenArgument> more = {}) const;

 private:
  void judge_all();
  // An image that is asked about, with all that it needs.
  void want(size_t asked);
  // What the images that one needs are to its build for a platform, before and after.
  void add_needed(size_t index, const std::string& platform, plan::Options& before,
                  plan::Options& after) const;
  void judge(size_t index);
  // The definition of an image may be another one than was read.
  void tell_unread(const Image& image, ImageEffect& effect) const;
  // No definition names it, and some job of CI builds what is not known.
  void tell_open_build(const Image& image, ImageEffect& effect) const;
  // Nothing tells the context, and a file changes that would be in another one.
  void tell_assumed_context(const Image& image, ImageEffect& effect) const;
  // The Dockerfile or a context may not be here at all: in a sparse checkout or a partial clone.
  void tell_left_out(const Image& image, ImageEffect& effect);
  void warn_of_left_out();
  // The Dockerfile or the folder of a context that the sparse checkout leaves out; empty for none.
  std::string left_out_of(const Image& image);
  // ONBUILD of an image of the project is run in the builds that start from it.
  void tell_triggers(size_t index, ImageEffect& effect) const;
  // The effect on an image as one for a platform reads it; that for any if the platform is not known.
  Effect effect_for(size_t index, const std::string& platform) const;

  const Project& project_;
  const AffectedOptions& options_;
  ImageNeeds needs_;
  std::vector<bool> wanted_;
  std::vector<std::map<std::string, Effect>> by_platform_;
  std::optional<context::SparseCheckout> checkout_;  // once it is needed
  size_t left_out_ = 0;                              // images whose Dockerfiles or contexts it leaves out
  bool lacks_context_ = false;                       // for some it is a context
  AffectedImages result_;
};

}  // namespace dcache::project
