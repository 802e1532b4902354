// A file descriptor that is closed at the end of its scope.
#pragma once

#include "dcache/text/system.h"

namespace dcache::text {

class Descriptor {
 public:
  // Takes the descriptor over; a negative one means none.
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  // Before the end of the scope.
  void close() {
    if (fd_ >= 0) close_file(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

}  // namespace dcache::text
