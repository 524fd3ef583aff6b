return ÿş
