#include "plugins/bzr/slow_places.hpp"

#include <algorithm>
#include <numeric>

namespace cdctl::bzr {

SlowPlaces::SlowPlaces(const Workshop& workshop, const std::vector<Place>& places)
    : workshop_(workshop), places_(places) {
  for (const auto& place : places)
    if (const auto note = workshop.note("slow", place.address.url))
      if (auto at = (*note)["at"].as_string(); !at.empty()) times_[place.address.url] = at;
}

Millis SlowPlaces::share(const Place& place, const Deadline& for_all) const {
  return for_all.left() / (times_.contains(place.address.url) ? 2 : 4);
}

void SlowPlaces::note(const Place& place, bool in_time) const {
  if (in_time && !times_.contains(place.address.url)) return;
  const auto at = in_time ? std::string() : to_rfc3339(now());
  (void)workshop_.keep_note("slow", place.address.url, Json::object({{"at", at}}));
}

std::vector<std::size_t> SlowPlaces::order_of(const std::vector<Place>& places,
                                              const Times& times) {
  const auto time_of = [&](std::size_t i) {
    const auto at = times.find(places[i].address.url);
    return at == times.end() ? std::string() : at->second;  // which comes before any
  };
  std::vector<std::size_t> out(places.size());
  std::iota(out.begin(), out.end(), std::size_t{0});
  std::ranges::stable_sort(out, {}, time_of);
  return out;
}

}  // namespace cdctl::bzr
