"""What things are: equipment catalogue, parametric meshes, weather normals, example layouts."""
