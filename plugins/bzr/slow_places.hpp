#pragma once

#include <map>
#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

#include "plugins/bzr/proposal_places.hpp"
#include "plugins/bzr/workshop.hpp"

namespace cdctl::bzr {

/// In which order the places of proposals are read, and how long each has. Where brz waits (a
/// server that does not answer, a pipe in the place of a file) is remembered, and read last the
/// next time: such places take their own time, and nobody else's.
class SlowPlaces {
 public:
  /// When a place had no answer in time, by its address.
  using Times = std::map<std::string, std::string>;

  SlowPlaces(const Workshop& workshop, const std::vector<Place>& places);
  /// Of what is left for all: the others have the rest.
  [[nodiscard]] Millis share(const Place& place, const Deadline& for_all) const;
  /// Numbers of places, in their order.
  [[nodiscard]] std::vector<std::size_t> order() const { return order_of(places_, times_); }
  /// What became of one.
  void note(const Place& place, bool in_time) const;

  /// Those that were in time as they come, then the others, who was tried longest ago first: one
  /// that is only large has its turn.
  [[nodiscard]] static std::vector<std::size_t> order_of(const std::vector<Place>& places,
                                                         const Times& times);

 private:
  const Workshop& workshop_;
  const std::vector<Place>& places_;
  Times times_;
};

}  // namespace cdctl::bzr
