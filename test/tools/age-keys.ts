/** Keys of age for tests: they open nothing but what tests encrypt. */
export const ageKeys = [
  {
    secret: "AGE-SECRET-KEY-1GXU4N5HGGFSDPGK22EHP40W98PFM2AM3J49UKDT6MG60W8V05DMQDQXKH2",
    recipient: "age13aycclefv4h94807ucd2nqmwqa2s0uu3jlce7vrfnqsz6wgc95xq6nddxg",
  },
  {
    secret: "AGE-SECRET-KEY-1DAJ572575YMDN3AD9004X6L8VCJPT03FR8EJDY6N7JPKHW4D3EFQ9K4ZLL",
    recipient: "age1w4g338r0zmxq44ryng39hnwvk3nvg0lrp4hhn4g6vvs7kkr0l3ks7jcz35",
  },
] as const;
