/// What synthetic reviews are made of; the words agree with the stars.
enum Phrases {
  static let negative = [
    "The food was cold and tasted stale.", "We waited over an hour and nobody apologized.",
    "Rude staff who ignored us the whole evening.", "The room was dirty and smelled awful.",
    "Overpriced and bland, a complete waste of money.", "The worst service I have ever had.",
    "They got our order wrong twice and charged us anyway.", "I will never come back here.",
    "The meat was burnt and the salad was soggy.", "Terrible experience from start to finish.",
    "The manager was unfriendly and refused a refund.", "My stomach hurt all night, disgusting.",
  ]
  static let neutral = [
    "It was okay, nothing special.", "Some dishes were good, others were just average.",
    "The service was fine but a bit slow.", "Decent portions at a normal price.",
    "An average place if you are in the area.", "Not bad, not great either.",
    "The location is convenient, the food is so-so.", "I might come back, I am not sure.",
  ]
  static let positive = [
    "The food was delicious and fresh.", "Friendly staff who made us feel welcome.",
    "Amazing flavors and generous portions.", "I love this place and will be back soon!",
    "Excellent service, quick and always with a smile.",
    "The best pizza in town, highly recommended.",
    "A beautiful room with a wonderful view.", "Great value, everything was perfect.",
    "Our waiter was fantastic and very helpful.", "A lovely evening from start to finish.",
    "The coffee is great and the cakes are superb.", "Clean, cozy and simply awesome.",
  ]
  static let subjects = [
    "Came here for lunch.", "We visited on a Friday night.", "Ordered takeout last week.",
    "My family and I had dinner here.", "Stopped by after work.", "First visit.",
  ]

  /// The table for 1 to 5 stars.
  static func table(stars: Int) -> [String] {
    switch stars {
    case ...2: negative
    case 3: neutral
    default: positive
    }
  }
}
