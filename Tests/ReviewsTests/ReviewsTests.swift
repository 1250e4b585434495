// ReviewsTests
