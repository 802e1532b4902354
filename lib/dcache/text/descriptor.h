// A file descriptor that is closed at the end of its scope.
#pragma once

#include <unistd.h>

namespace dcache::text {

class Descriptor {
 public:
  // Takes the descriptor over; a negative one means none.
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace dcache::text
