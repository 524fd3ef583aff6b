return tensorrt { }
