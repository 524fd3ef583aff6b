return include "../error"
